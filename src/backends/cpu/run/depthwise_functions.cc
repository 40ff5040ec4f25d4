#include "backends/cpu/run/depthwise_functions.h"

namespace cermet::cpu {
namespace {

constexpr int vector_bytes = 16;

}  // namespace
}  // namespace cermet::cpu

#include "backends/cpu/run/depthwise_functions.inc"

namespace cermet::cpu {

const DepthwiseFunction portable::depthwise = depthwise_row;

const DepthwiseFunction& depthwise_function(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::avx512) return avx512::depthwise;
  if (set == InstructionSet::avx2) return avx2::depthwise;
#endif
  static_cast<void>(set);
  return portable::depthwise;
}

}  // namespace cermet::cpu
