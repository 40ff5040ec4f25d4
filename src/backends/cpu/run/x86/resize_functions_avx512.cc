#include "backends/cpu/run/resize_functions.h"

namespace cermet::cpu {
namespace {

constexpr int vector_bytes = 64;

}  // namespace
}  // namespace cermet::cpu

#include "backends/cpu/run/resize_functions.inc"

namespace cermet::cpu {

const BlendFunction avx512::blend = blend_rows;

}  // namespace cermet::cpu
