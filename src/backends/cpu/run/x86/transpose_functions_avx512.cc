#include "backends/cpu/run/strided_copy.h"
#include "backends/cpu/run/transpose_functions.inc"

namespace cermet::cpu {

const Transpose32 avx512::transpose_32 = transpose_elements<8>;

}  // namespace cermet::cpu
