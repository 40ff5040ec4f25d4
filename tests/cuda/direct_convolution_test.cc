// Convolutions of images with few channels on the GPU.
#include "tests/cuda/convolution_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

void check(const ConvolutionCase& what) { check_convolution(what, "cuda.direct_convolution"); }

TEST(CudaDirectConvolution, FirstLayers) {
  for (const bool output_last : {false, true})
    for (const bool input_last : {false, true})
      check({.type = float16,
             .image = {2, 3, 19, 21},
             .weights = {32, 3, 3, 3},
             .strides = {2, 2},
             .pads = {1, 1, 1, 1},
             .input_channels_last = input_last,
             .output_channels_last = output_last});
  check({.type = bfloat16,
         .image = {1, 3, 20, 22},
         .weights = {64, 3, 7, 7},
         .strides = {2, 2},
         .pads = {3, 3, 3, 3},
         .residual = true,
         .output_channels_last = true});
}

TEST(CudaDirectConvolution, ChannelsAndFilters) {
  for (const int64_t channels : {1, 4, 8})
    for (const int64_t filters : {1, 12, 72})
      check({.image = {2, channels, 9, 10},
             .weights = {filters, channels, 3, 2},
             .pads = {1, 0, 1, 1},
             .output_channels_last = true});
}

TEST(CudaDirectConvolution, Windows) {
  check({.type = float64,
         .image = {2, 2, 30},
         .weights = {20, 2, 9},
         .strides = {3},
         .pads = {4, 4}});
  check({.image = {1, 3, 40, 23},
         .weights = {9, 3, 11, 11},
         .strides = {4, 4},
         .auto_pad = "SAME_UPPER"});
  check({.image = {1, 3, 20, 23},
         .weights = {9, 3, 3, 3},
         .dilations = {3, 2},
         .pads = {3, 2, 3, 2}});
}

TEST(CudaDirectConvolution, NothingToCompute) {
  check({.image = {2, 0, 8, 9}, .weights = {8, 0, 3, 3}});
  check({.image = {0, 3, 8, 9}, .weights = {8, 3, 3, 3}});
  check({.image = {2, 3, 8, 2}, .weights = {8, 3, 3, 3}, .output_channels_last = true});
}

}  // namespace
}  // namespace cermet
