#include "backends/cpu/run/depthwise_functions.h"

#include "backends/cpu/run/by_instruction_set.h"
#include "backends/cpu/run/depthwise_functions.inc"

namespace cermet::cpu {

const DepthwiseFunction portable::depthwise = depthwise_row;

const DepthwiseFunction& depthwise_function(InstructionSet set) {
  return by_instruction_set<portable::depthwise, avx2::depthwise, avx512::depthwise>(set);
}

}  // namespace cermet::cpu
