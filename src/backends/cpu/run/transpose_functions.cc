#include "backends/cpu/run/transpose_functions.inc"

#include "backends/cpu/run/by_instruction_set.h"
#include "backends/cpu/run/strided_copy.h"

namespace cermet::cpu {

const Transpose32 portable::transpose_32 = transpose_elements<4>;

Transpose32 transpose_32(InstructionSet set) {
  return by_instruction_set<portable::transpose_32, avx2::transpose_32, avx512::transpose_32>(set);
}

}  // namespace cermet::cpu
