#include "backends/cpu/run/gemm_functions.h"

namespace cermet::cpu {
namespace {

constexpr int vector_bytes = 32;

}  // namespace
}  // namespace cermet::cpu

#include "backends/cpu/run/gemm_functions.inc"

namespace cermet::cpu {

const GemmFunctions avx2::gemm_table = make_gemm_table();

}  // namespace cermet::cpu
