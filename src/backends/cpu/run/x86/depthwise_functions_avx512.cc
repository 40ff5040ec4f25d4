#include "backends/cpu/run/depthwise_functions.h"

namespace cermet::cpu {
namespace {

constexpr int vector_bytes = 64;

}  // namespace
}  // namespace cermet::cpu

#include "backends/cpu/run/depthwise_functions.inc"

namespace cermet::cpu {

const DepthwiseFunction avx512::depthwise = depthwise_row;

}  // namespace cermet::cpu
