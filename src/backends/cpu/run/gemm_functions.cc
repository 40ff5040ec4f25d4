#include "backends/cpu/run/gemm_functions.h"

#include "backends/cpu/run/by_instruction_set.h"
#include "backends/cpu/run/gemm_functions.inc"

namespace cermet::cpu {

const GemmFunctions portable::gemm_table = make_gemm_table();

const GemmFunctions& gemm_functions(InstructionSet set) {
  return by_instruction_set<portable::gemm_table, avx2::gemm_table, avx512::gemm_table>(set);
}

}  // namespace cermet::cpu
