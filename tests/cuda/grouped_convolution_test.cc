// Convolutions in groups on the GPU.
#include "tests/cuda/convolution_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

void check(ConvolutionCase what) {
  what.input_channels_last = what.output_channels_last = true;
  check_convolution(what, "cuda.grouped_convolution");
}

TEST(CudaGroupedConvolution, Groups) {
  check({.type = float16,
         .image = {2, 32, 9, 10},
         .weights = {64, 8, 3, 3},
         .strides = {2, 2},
         .pads = {1, 1, 1, 1},
         .group = 4,
         .residual = true});
  check({.type = bfloat16,
         .image = {1, 12, 9, 10},
         .weights = {6, 4, 3, 2},
         .dilations = {2, 3},
         .pads = {1, 0, 3, 2},
         .group = 3});
  check({.image = {2, 6, 5, 6}, .weights = {9, 2, 3, 3}, .group = 3, .bias = false});
}

TEST(CudaGroupedConvolution, OneGroupAndOtherRanks) {
  check({.image = {2, 16, 5, 6}, .weights = {12, 16, 3, 3}, .auto_pad = "SAME_LOWER"});
  check({.image = {2, 8, 17}, .weights = {8, 4, 5}, .strides = {3}, .pads = {2, 1}, .group = 2});
  check({.image = {1, 4, 5, 4, 6}, .weights = {8, 4, 2, 3, 3}, .strides = {1, 2, 2}});
}

TEST(CudaGroupedConvolution, NothingToCompute) {
  check({.image = {2, 0, 6, 6}, .weights = {4, 0, 3, 3}});
  check({.image = {0, 8, 6, 6}, .weights = {8, 4, 3, 3}, .group = 2});
  check({.image = {2, 8, 6, 2}, .weights = {8, 4, 3, 3}, .group = 2});
}

}  // namespace
}  // namespace cermet
