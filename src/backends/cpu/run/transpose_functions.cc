#include "backends/cpu/run/strided_copy.h"

namespace cermet::cpu {
namespace {

constexpr int vector_bytes = 16;

}  // namespace
}  // namespace cermet::cpu

#include "backends/cpu/run/transpose_functions.inc"

namespace cermet::cpu {

const Transpose32 portable::transpose_32 = transpose_elements<4>;

Transpose32 transpose_32(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::avx512) return avx512::transpose_32;
  if (set == InstructionSet::avx2) return avx2::transpose_32;
#endif
  static_cast<void>(set);
  return portable::transpose_32;
}

}  // namespace cermet::cpu
