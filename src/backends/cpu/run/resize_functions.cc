#include "backends/cpu/run/resize_functions.h"

#include "backends/cpu/run/by_instruction_set.h"
#include "backends/cpu/run/resize_functions.inc"

namespace cermet::cpu {

const BlendFunction portable::blend = blend_rows;

const BlendFunction& blend_function(InstructionSet set) {
  return by_instruction_set<portable::blend, avx2::blend, avx512::blend>(set);
}

}  // namespace cermet::cpu
