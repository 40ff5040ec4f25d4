#include "backends/cpu/run/convolution_functions.h"

namespace cermet::cpu {
namespace {

constexpr int vector_bytes = 32;

}  // namespace
}  // namespace cermet::cpu

#include "backends/cpu/run/convolution_functions.inc"

namespace cermet::cpu {

const ConvolutionFunctions avx2::convolution_table = make_convolution_table();

}  // namespace cermet::cpu
