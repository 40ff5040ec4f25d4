#include "backends/cpu/run/gemm_functions.h"

namespace cermet::cpu {
namespace {

constexpr int vector_bytes = 16;

}  // namespace
}  // namespace cermet::cpu

#include "backends/cpu/run/gemm_functions.inc"

namespace cermet::cpu {

const GemmFunctions portable::gemm_table = make_gemm_table();

const GemmFunctions& gemm_functions(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::avx512) return avx512::gemm_table;
  if (set == InstructionSet::avx2) return avx2::gemm_table;
#endif
  static_cast<void>(set);
  return portable::gemm_table;
}

}  // namespace cermet::cpu
