#include "backends/cpu/run/convolution_functions.h"
#include "backends/cpu/run/convolution_functions.inc"

namespace cermet::cpu {

const ConvolutionFunctions avx512::convolution_table = make_convolution_table();

}  // namespace cermet::cpu
