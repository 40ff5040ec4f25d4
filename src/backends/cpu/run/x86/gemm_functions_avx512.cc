#include "backends/cpu/run/gemm_functions.h"
#include "backends/cpu/run/gemm_functions.inc"

namespace cermet::cpu {

const GemmFunctions avx512::gemm_table = make_gemm_table();

}  // namespace cermet::cpu
