// Convolutions by Winograd's algorithm on the GPU.
#include <cmath>

#include "base/error.h"
#include "base/scalar.h"
#include "tests/cuda/convolution_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

struct Way {
  ElementType type;
  const char* configuration;
};
// Every tile, multiplier and type; results in one slice and in several, the last one not full.
const std::vector<Way> ways{
    {float32, "f4 fma c1 64x64x16 w2x2 s4 k1"},      {float32, "f4 fma c3 32x32x32 w2x1 s4 k1"},
    {float32, "f2 fma c1 32x64x32 w2x2 s3 k1"},      {float32, "f2 tensor c1 64x32x32 w2x2 s5 k1"},
    {float16, "f2 tensor c1 32x64x64 w2x2 s5 k1"},   {bfloat16, "f2 tensor c2 32x32x64 w2x1 s6 k1"},
    {float16, "f2 warpgroup c1 64x32x64 w4x1 s6 k1"}};

struct Case {
  Shape image;
  int64_t filters;
  std::vector<int64_t> pads;
};
// Odd sizes, one tile, several images, channels and filters that are no whole vectors, patches that
// are all padding, results of one row, no image at all.
const std::vector<Case> cases{{{1, 16, 8, 8}, 32, {1, 1, 1, 1}},
                              {{2, 16, 7, 9}, 5, {1, 1, 1, 1}},
                              {{1, 40, 3, 3}, 33, {0, 0, 0, 0}},
                              {{3, 6, 5, 6}, 34, {0, 1, 2, 0}},
                              {{1, 16, 1, 1}, 16, {1, 1, 1, 1}},
                              {{1, 12, 4, 4}, 20, {5, 6, 7, 8}},
                              {{0, 16, 4, 4}, 16, {1, 1, 1, 1}},
                              {{2, 3, 13, 11}, 16, {1, 1, 1, 1}},
                              {{1, 72, 10, 9}, 72, {1, 1, 1, 1}},
                              {{1, 7, 3, 14}, 1, {0, 1, 0, 1}},
                              {{1, 64, 6, 6}, 48, {}}};

Tactic tactic_in(const Way& way) {
  static std::string text;
  text = way.configuration;
  Tactic tactic = cuda_tactic("cuda.convolution_winograd");
  tactic.configurations = [](const TacticQuery&) { return std::vector<std::string>{text}; };
  return tactic;
}

// Of sums of nine products a channel, of numbers up to 1. What float32 and TF32 lose grows with
// their largest; the 16-bit types round patches, windows and results.
Tolerance tolerance_of(const Way& way, int64_t channels) {
  const double sum = std::sqrt(9.0 * static_cast<double>(channels));
  if (way.type == float16) return {2e-3, 2e-3 * sum};
  if (way.type == bfloat16) return {1.6e-2, 1.6e-2 * sum};
  const std::string_view text = way.configuration;
  if (text.find("tensor") != std::string_view::npos) return {3e-3, 2e-3 * sum};
  return {1e-5, (text.starts_with("f2") ? 5e-7 : 3e-6) * sum};
}

ConvolutionCase convolution(const Case& c, ElementType type) {
  ConvolutionCase what;
  what.type = type;
  what.image = c.image;
  what.weights = {c.filters, c.image[1], 3, 3};
  what.pads = c.pads;
  what.input_channels_last = what.output_channels_last = true;
  return what;
}

void check(KernelCase what, const Way& way) {
  const int64_t channels = what.inputs[0]->shape()[1];
  expect_same_on_device(std::move(what), tactic_in(way), tolerance_of(way, channels));
}

TEST(CudaWinograd, ConvolvesEveryShape) {
  // All shapes in tiles of 4 and of 2; of each other way one shape in three.
  for (size_t w = 0; w < ways.size(); ++w)
    for (size_t i = 0; i < cases.size(); ++i)
      if (w == 0 || w == 4 || i % 3 == w % 3)
        check(kernel_case(convolution(cases[i], ways[w].type)), ways[w]);
}

TEST(CudaWinograd, AddsNoBias) {
  for (const Way& way : ways) {
    ConvolutionCase what = convolution(cases[1], way.type);
    what.bias = false;
    check(kernel_case(what), way);
  }
}

TEST(CudaWinograd, AddsATensorAndCutsOff) {
  for (const Way& way : ways)
    for (size_t i : {0, 1, 3, 9}) {
      ConvolutionCase what = convolution(cases[i], way.type);
      what.residual = true;
      check(kernel_case(what), way);
    }
}

// An operand for each channel, and a result of another type.
TEST(CudaWinograd, AppliesEpilogues) {
  for (const Way& way : ways)
    for (size_t i : {0, 1}) {
      KernelCase what = kernel_case(convolution(cases[i], way.type));
      add_epilogue(what, fmt::format("%0 = input {0} 0; %1 = input {0} 1; %2 = mul {0} %0 %1; "
                                     "%3 = cast float32 %2; -> %3",
                                     name(way.type)));
      what.inputs.emplace_back(random_tensor(way.type, {cases[i].filters, 1, 1}, -1, 1, 5));
      check(std::move(what), way);
    }
}

TEST(CudaWinograd, PadsByItself) {
  for (const char* mode : {"SAME_UPPER", "SAME_LOWER", "VALID"})
    for (const Way& way : {ways[0], ways[4]}) {
      ConvolutionCase what = convolution({{1, 16, 7, 10}, 16, {}}, way.type);
      what.auto_pad = mode;
      check(kernel_case(what), way);
    }
}

// Four numbers of a patch that float16 can't hold the sum of.
TEST(CudaWinograd, HoldsSumsOfPatchesInFloat16) {
  ConvolutionCase what = convolution(cases[0], float16);
  what.bias = false;
  KernelCase made = kernel_case(what);
  const int64_t count = made.inputs[0]->elements();
  std::vector<double> image(static_cast<size_t>(count));
  for (size_t i = 0; i < image.size(); ++i) image[i] = i % 3 == 0 ? -40000 : 40000;
  store_all(made.inputs[0]->view(), image);
  store_all(made.inputs[1]->view(),
            std::vector<double>(static_cast<size_t>(made.inputs[1]->elements()), 0x1p-8));
  expect_same_on_device(made, tactic_in(ways[4]), {4e-3, 40});
}

// A case that every configuration of the tactic's own takes, CERMET_THOROUGH or its hash choosing.
TEST(CudaWinograd, OffersWaysThatRun) {
  for (const ElementType type : {float32, float16, bfloat16}) {
    KernelCase what = kernel_case(convolution(cases[8], type));
    expect_same_on_device(std::move(what), cuda_tactic("cuda.convolution_winograd"),
                          tolerance_of({type, "f2 tensor"}, 72));
  }
}

// What multiplies the windows of float16 by four, and sums of a window's weights, must fit.
TEST(CudaWinograd, RejectsWindowsThatDoNotFit) {
  const Tactic& tactic = cuda_tactic("cuda.convolution_winograd");
  const auto reason = [&](ElementType type, double corner, double others) {
    ConvolutionCase what = convolution({{1, 2, 5, 5}, 3, {}}, type);
    KernelCase made = kernel_case(what);
    std::vector<double> weights(3 * 2 * 9, 0.5);
    std::fill_n(weights.begin() + 9 * 3, 9, others);  // of filter 1, channel 1
    weights[9 * 3] = corner;
    store_all(made.inputs[1]->view(), weights);
    return rejection(made, tactic);
  };
  const auto does_not_fit = [](std::string_view type) {
    return fmt::format("the transformed window of filter 1, channel 1 does not fit {}", type);
  };
  EXPECT_EQ(reason(float16, 16376, 0), "");
  EXPECT_EQ(reason(float16, -16384, 0), does_not_fit("float16"));
  EXPECT_EQ(reason(float16, 7272, 7272), "");
  EXPECT_EQ(reason(float16, 8000, 8000), does_not_fit("float16"));
  EXPECT_EQ(reason(float16, NAN, 0), does_not_fit("float16"));
  EXPECT_EQ(reason(bfloat16, 65536, 65536), "");
  EXPECT_EQ(reason(bfloat16, 3e38, 3e38), does_not_fit("bfloat16"));
  EXPECT_EQ(reason(float32, 3e38, 0), "");
  EXPECT_EQ(reason(float32, 3e38, 3e38), does_not_fit("float32"));
}

TEST(CudaWinograd, SaysWhatItRejects) {
  const Tactic& tactic = cuda_tactic("cuda.convolution_winograd");
  const auto reason = [&](const ConvolutionCase& what) {
    return rejection(kernel_case(what), tactic);
  };
  const ConvolutionCase fine = convolution(cases[0], float32);
  EXPECT_EQ(reason(fine), "");
  ConvolutionCase what = fine;
  what.strides = {2, 2};
  EXPECT_EQ(reason(what), "computes windows of 3 x 3 that move by 1");
  what = fine;
  what.dilations = {1, 2};
  EXPECT_EQ(reason(what), "computes windows of 3 x 3 that move by 1");
  what = fine;
  what.weights = {32, 8, 3, 3};
  what.group = 2;
  EXPECT_EQ(reason(what), "computes no groups");
  what = fine;
  what.input_channels_last = false;
  EXPECT_EQ(reason(what), "the image is not channels-last");
  what = fine;
  what.constant_weights = false;
  EXPECT_EQ(reason(what), "the weights are no constant");
  what = fine;
  what.type = float64;
  EXPECT_EQ(reason(what), "products of float64 are not computed");
}

// Not of the kernels that are only compiled (compile_test.py).
TEST(WaysOfWinograd, AreRefusedWhereTheyAreNone) {
  for (const char* text : {"", "f3 fma c1 64x64x16 w2x2 s4 k1", "f2 wide c1 64x64x16 w2x2 s4 k1",
                           "f2 fma c0 64x64x16 w2x2 s4 k1", "f2 fma c1", "f2 fma c1 64x64"}) {
    const Way way{float32, text};
    EXPECT_THROW(
        expect_same_on_device(kernel_case(convolution(cases[0], float32)), tactic_in(way), {0, 0}),
        Error)
        << text;
  }
}

}  // namespace
}  // namespace cermet
