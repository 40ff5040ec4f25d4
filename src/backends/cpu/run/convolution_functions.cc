#include "backends/cpu/run/convolution_functions.h"

namespace cermet::cpu {
namespace {

constexpr int vector_bytes = 16;

}  // namespace
}  // namespace cermet::cpu

#include "backends/cpu/run/convolution_functions.inc"

namespace cermet::cpu {

const ConvolutionFunctions portable::convolution_table = make_convolution_table();

const ConvolutionFunctions& convolution_functions(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::avx512) return avx512::convolution_table;
  if (set == InstructionSet::avx2) return avx2::convolution_table;
#endif
  static_cast<void>(set);
  return portable::convolution_table;
}

}  // namespace cermet::cpu
