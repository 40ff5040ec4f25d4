// Convolutions by their definition on the GPU.
#include "tests/cuda/convolution_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

void check(const ConvolutionCase& what) { check_convolution(what, "cuda.plain_convolution"); }

TEST(CudaPlainConvolution, OneTwoAndThreeDimensions) {
  check({.image = {2, 3, 11}, .weights = {5, 3, 4}, .strides = {2}, .pads = {2, 1}});
  check(
      {.image = {2, 3, 7, 6}, .weights = {5, 3, 3, 2}, .dilations = {2, 1}, .pads = {1, 0, 2, 1}});
  check({.image = {1, 4, 5, 4, 3}, .weights = {2, 4, 2, 3, 1}, .strides = {1, 2, 2}});
}

TEST(CudaPlainConvolution, GroupsAndLayouts) {
  for (const bool input_last : {false, true})
    for (const bool output_last : {false, true})
      check({.image = {2, 6, 5, 7},
             .weights = {9, 2, 3, 3},
             .group = 3,
             .auto_pad = "SAME_LOWER",
             .input_channels_last = input_last,
             .output_channels_last = output_last});
}

TEST(CudaPlainConvolution, EveryType) {
  for (ElementType type : {float32, float64, float16, bfloat16})
    for (const bool transposed : {false, true})
      check({.type = type,
             .image = {2, 4, 5, 6},
             .weights = {4, 4, 3, 2},
             .pads = {1, 0, 1, 1},
             .transposed = transposed});
}

TEST(CudaPlainConvolution, Transposed) {
  check({.image = {2, 4, 5},
         .weights = {4, 3, 3},
         .strides = {2},
         .output_padding = {1},
         .transposed = true});
  check({.image = {2, 6, 5, 3},
         .weights = {6, 2, 3, 4},
         .strides = {2, 3},
         .dilations = {2, 1},
         .pads = {1, 0, 2, 1},
         .group = 2,
         .transposed = true,
         .input_channels_last = true,
         .output_channels_last = true});
  check({.image = {1, 2, 3, 3, 2},
         .weights = {2, 3, 2, 2, 2},
         .strides = {2, 2, 2},
         .transposed = true});
}

TEST(CudaPlainConvolution, ComputedWeightsAndEpilogues) {
  check({.image = {2, 3, 6, 6}, .weights = {4, 3, 3, 3}, .constant_weights = false});
  check({.image = {2, 3, 6, 6}, .weights = {4, 3, 3, 3}, .residual = true});
  check({.image = {2, 3, 6, 6}, .weights = {4, 3, 3, 3}, .bias = false, .residual = true});
}

TEST(CudaPlainConvolution, NothingToCompute) {
  check({.image = {0, 3, 6, 6}, .weights = {4, 3, 3, 3}});
  check({.image = {2, 0, 6, 6}, .weights = {4, 0, 3, 3}});
  check({.image = {2, 3, 6, 2}, .weights = {4, 3, 3, 3}});
}

}  // namespace
}  // namespace cermet
