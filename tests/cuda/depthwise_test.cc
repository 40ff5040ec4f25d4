// Depthwise convolutions on the GPU.
#include "tests/cuda/convolution_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

void check(ConvolutionCase what) {
  what.input_channels_last = what.output_channels_last = true;
  check_convolution(what, "cuda.depthwise");
}

TEST(CudaDepthwise, TypesAndChannels) {
  for (ElementType type : {float32, float16, bfloat16, float64})
    for (const int64_t channels : {3, 72})
      check({.type = type,
             .image = {2, channels, 9, 11},
             .weights = {channels, 1, 3, 3},
             .pads = {1, 1, 1, 1},
             .group = channels});
}

TEST(CudaDepthwise, WindowsStridesDilations) {
  check({.image = {1, 8, 15, 14},
         .weights = {8, 1, 3, 3},
         .strides = {2, 2},
         .pads = {0, 0, 1, 1},
         .group = 8});
  check({.image = {1, 8, 15, 14},
         .weights = {8, 1, 5, 5},
         .strides = {2, 2},
         .group = 8,
         .auto_pad = "SAME_UPPER"});
  check({.image = {1, 8, 12, 13},
         .weights = {8, 1, 5, 3},
         .dilations = {2, 3},
         .pads = {4, 3, 4, 3},
         .group = 8});
  check({.image = {2, 8, 9, 9}, .weights = {8, 1, 7, 7}, .pads = {3, 3, 3, 3}, .group = 8});
  check({.image = {2, 8, 5, 5}, .weights = {8, 1, 1, 1}, .strides = {1, 3}, .group = 8});
  check({.image = {2, 8, 40}, .weights = {8, 1, 31}, .pads = {15, 15}, .group = 8});
  check({.image = {3, 8, 9},
         .weights = {8, 1, 4},
         .strides = {3},
         .dilations = {2},
         .pads = {2, 5},
         .group = 8});
}

TEST(CudaDepthwise, Multipliers) {
  check({.image = {2, 5, 8, 9}, .weights = {10, 1, 3, 3}, .group = 5});
  check({.image = {2, 3, 8, 9}, .weights = {24, 1, 3, 3}, .pads = {1, 1, 1, 1}, .group = 3});
  check({.image = {2, 1, 8, 9}, .weights = {16, 1, 3, 3}, .pads = {1, 1, 1, 1}, .group = 1});
}

TEST(CudaDepthwise, Epilogues) {
  check({.type = float16,
         .image = {2, 24, 8, 9},
         .weights = {24, 1, 3, 3},
         .group = 24,
         .residual = true});
  check({.image = {2, 24, 8, 9},
         .weights = {24, 1, 3, 3},
         .group = 24,
         .bias = false,
         .residual = true});
}

TEST(CudaDepthwise, NothingToCompute) {
  check({.image = {0, 8, 8, 9}, .weights = {8, 1, 3, 3}, .group = 8});
  check({.image = {2, 8, 8, 2}, .weights = {8, 1, 3, 3}, .group = 8});
}

}  // namespace
}  // namespace cermet
