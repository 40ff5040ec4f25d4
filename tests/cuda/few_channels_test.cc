// Convolutions of images with few channels on the GPU's tensor cores.
#include <limits>

#include "tests/cuda/convolution_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

constexpr const char* tactic = "cuda.convolution_few_channels";

void check(ConvolutionCase what) {
  what.output_channels_last = true;
  for (const bool input_last : {false, true}) {
    what.input_channels_last = input_last;
    check_convolution(what, tactic);
  }
}

TEST(CudaFewChannels, FirstLayers) {
  check({.type = float16,
         .image = {2, 3, 40, 48},
         .weights = {64, 3, 7, 7},
         .strides = {2, 2},
         .pads = {3, 3, 3, 3},
         .residual = true});
  check({.type = bfloat16,
         .image = {1, 3, 35, 40},
         .weights = {32, 3, 3, 3},
         .strides = {2, 2},
         .pads = {1, 1, 1, 1}});
  check({.type = float16,
         .image = {1, 3, 33, 64},
         .weights = {96, 3, 11, 11},
         .strides = {4, 4},
         .pads = {2, 2, 2, 2}});
  check({.type = float16, .image = {2, 3, 18, 24}, .weights = {24, 3, 3, 3}, .pads = {1, 1, 1, 1}});
}

TEST(CudaFewChannels, OddSizes) {
  check({.type = float16,
         .image = {3, 3, 19, 21},
         .weights = {33, 3, 5, 3},
         .strides = {2, 2},
         .pads = {2, 1, 0, 3}});
  check({.type = float16, .image = {1, 3, 9, 35}, .weights = {7, 3, 2, 5}, .pads = {1, 2, 0, 1}});
  check({.type = bfloat16,
         .image = {1, 2, 20, 22},
         .weights = {16, 2, 4, 4},
         .strides = {3, 3},
         .auto_pad = "SAME_UPPER"});
}

TEST(CudaFewChannels, ChannelsAndStrides) {
  for (const int64_t channels : {1, 2, 3, 4})
    for (const int64_t stride : {1, 2, 3, 4})
      check({.type = float16,
             .image = {2, channels, 17, 32},
             .weights = {16 + stride, channels, 3, 4},
             .strides = {stride, stride},
             .pads = {1, stride, 1, 2},
             .bias = channels != 2});
}

TEST(CudaFewChannels, OneDimension) {
  check({.type = float16, .image = {2, 4, 150}, .weights = {40, 4, 9}, .pads = {4, 4}});
  check({.type = float16, .image = {2, 1, 152}, .weights = {40, 1, 10}, .strides = {2}});
}

TEST(CudaFewChannels, NothingToCompute) {
  check({.type = float16, .image = {0, 3, 8, 16}, .weights = {8, 3, 3, 3}});
  check({.type = float16, .image = {2, 3, 8, 2}, .weights = {8, 3, 3, 3}});
}

// Elements beside a window are multiplied by nothing, whatever they are.
TEST(CudaFewChannels, InfinityBesideWindows) {
  for (const bool input_last : {false, true})
    for (const int64_t stride : {1, 2}) {
      KernelCase what = kernel_case(ConvolutionCase{.type = float16,
                                                    .image = {1, 3, 16, 32},
                                                    .weights = {16, 3, 3, 3},
                                                    .strides = {stride, stride},
                                                    .pads = {1, 1, 1, 1},
                                                    .input_channels_last = input_last,
                                                    .output_channels_last = true});
      store_element<double>(what.inputs[0]->view(), 5 * 32 + 9,
                            std::numeric_limits<double>::infinity());
      expect_same_on_device(what, cuda_tactic(tactic), {2e-3, 4e-3});
    }
}

TEST(CudaFewChannels, SaysWhatItRejects) {
  const auto reason = [](ConvolutionCase what) {
    what.output_channels_last = true;
    return rejection(kernel_case(what), cuda_tactic(tactic));
  };
  EXPECT_EQ(reason({.type = float16, .image = {1, 5, 8, 8}, .weights = {8, 5, 3, 3}}),
            "computes images of up to 4 channels");
  EXPECT_EQ(reason({.type = float16, .image = {1, 3, 16, 16}, .weights = {8, 3, 12, 3}}),
            "computes windows of up to 11 elements");
  EXPECT_EQ(reason({.image = {1, 3, 8, 8}, .weights = {8, 3, 3, 3}}),
            "computes 16-bit floats only");
  EXPECT_EQ(
      reason(
          {.type = float16, .image = {1, 3, 8, 8}, .weights = {8, 3, 3, 3}, .dilations = {2, 1}}),
      "computes no dilated windows");
}

}  // namespace
}  // namespace cermet
