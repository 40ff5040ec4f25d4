#include "backends/cpu/run/resize_functions.h"

namespace cermet::cpu {
namespace {

constexpr int vector_bytes = 32;

}  // namespace
}  // namespace cermet::cpu

#include "backends/cpu/run/resize_functions.inc"

namespace cermet::cpu {

const BlendFunction avx2::blend = blend_rows;

}  // namespace cermet::cpu
