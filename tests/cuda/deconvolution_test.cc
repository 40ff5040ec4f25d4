// Transposed convolutions on the GPU.
#include "tests/cuda/convolution_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

void check(ConvolutionCase what) {
  what.transposed = what.input_channels_last = what.output_channels_last = true;
  check_convolution(what, "cuda.deconvolution");
}

TEST(CudaDeconvolution, Types) {
  for (ElementType type : {float32, float16, bfloat16, float64})
    check({.type = type, .image = {2, 16, 5, 6}, .weights = {16, 24, 2, 2}, .strides = {2, 2}});
}

TEST(CudaDeconvolution, WindowsStridesAndDilations) {
  check({.image = {2, 6, 7}, .weights = {6, 5, 4}, .strides = {3}, .output_padding = {2}});
  check({.image = {1, 4, 6, 5},
         .weights = {4, 12, 3, 4},
         .strides = {2, 3},
         .dilations = {2, 2},
         .pads = {1, 3, 2, 1}});
  check({.image = {1, 4, 6, 5}, .weights = {4, 3, 3, 3}, .pads = {2, 2, 2, 2}});
  check({.image = {1, 4, 6, 5}, .weights = {4, 8, 1, 1}, .strides = {3, 2}});
  check({.image = {1, 4, 6, 5},
         .weights = {4, 8, 4, 4},
         .strides = {2, 2},
         .auto_pad = "SAME_UPPER"});
  check({.image = {1, 4, 3, 4, 3}, .weights = {4, 8, 3, 2, 2}, .strides = {2, 1, 2}});
}

TEST(CudaDeconvolution, GroupsAndEpilogues) {
  check({.type = float16,
         .image = {2, 32, 5, 6},
         .weights = {32, 8, 3, 3},
         .strides = {2, 2},
         .pads = {1, 1, 1, 1},
         .output_padding = {1, 1},
         .group = 2,
         .residual = true});
  check({.image = {2, 6, 5, 6},
         .weights = {6, 1, 3, 3},
         .strides = {2, 2},
         .group = 6,
         .bias = false,
         .residual = true});
}

TEST(CudaDeconvolution, NothingToCompute) {
  check({.image = {0, 4, 6, 5}, .weights = {4, 8, 3, 3}});
  check({.image = {2, 4, 6, 1}, .weights = {4, 8, 3, 1}, .pads = {0, 0, 0, 1}});
}

}  // namespace
}  // namespace cermet
