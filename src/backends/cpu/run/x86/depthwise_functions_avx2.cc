#include "backends/cpu/run/depthwise_functions.h"

namespace cermet::cpu {
namespace {

constexpr int vector_bytes = 32;

}  // namespace
}  // namespace cermet::cpu

#include "backends/cpu/run/depthwise_functions.inc"

namespace cermet::cpu {

const DepthwiseFunction avx2::depthwise = depthwise_row;

}  // namespace cermet::cpu
