#include "backends/cpu/run/convolution_functions.h"

#include "backends/cpu/run/by_instruction_set.h"
#include "backends/cpu/run/convolution_functions.inc"

namespace cermet::cpu {

const ConvolutionFunctions portable::convolution_table = make_convolution_table();

const ConvolutionFunctions& convolution_functions(InstructionSet set) {
  return by_instruction_set<portable::convolution_table, avx2::convolution_table,
                            avx512::convolution_table>(set);
}

}  // namespace cermet::cpu
