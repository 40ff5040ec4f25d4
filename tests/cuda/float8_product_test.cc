// Products and convolutions of float8 on tensor cores.
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

constexpr std::array formats{float8e4m3fn, float8e5m2};
// Of sums of 32 products, which tensor cores add with about 14 bits, cutting off what is beyond.
// Longer ones would be off by more if they were left to them, as warpgroups' are in part.
constexpr Tolerance close{1e-4, 0.05}, long_sums{1e-4, 0.15}, warpgroup{1e-3, 0.3};

struct ProductCase {
  ElementType left = float8e4m3fn, right = float8e4m3fn;
  Shape a, b;
  bool constant = true;
};

KernelCase kernel_case(const ProductCase& what) {
  KernelCase made = testing::kernel_case(
      ProblemKind::matmul, "MatMulFloat8",
      {random_tensor(what.left, what.a, -3, 3, 1), random_tensor(what.right, what.b, -3, 3, 2)},
      {});
  made.problem.domain = "cermet";
  made.constant = {false, what.constant};
  return made;
}

void check(KernelCase what) {
  expect_same_on_device(std::move(what), cuda_tactic("cuda.gemm_bytes"), close);
}

// A float scale for each column, a bias, and float8 again.
const char* const requantised =
    "%0 = input float32 0; %1 = input float32 1; %2 = mul float32 %0 %1; %3 = input float32 2; "
    "%4 = add float32 %2 %3; %5 = cast float8e4m3fn %4; -> %5";

TEST(CudaFloat8Product, MultipliesEverySizeAndFormat) {
  for (ElementType left : formats)
    for (ElementType right : formats)
      for (const auto& [m, n, k] : std::vector<std::array<int64_t, 3>>{
               {64, 64, 64}, {1, 1, 1}, {33, 40, 72}, {17, 31, 23}, {70, 66, 130}})
        for (bool constant : {false, true})
          check(kernel_case({left, right, {m, k}, {k, n}, constant}));
}

TEST(CudaFloat8Product, AddsLongSumsInFloat32) {
  for (const KernelCase& what :
       {kernel_case({float8e4m3fn, float8e4m3fn, {20, 1400}, {1400, 24}}),
        kernel_case({float8e4m3fn, float8e5m2, {9, 1024}, {1024, 17}, false})})
    expect_same_on_device(what, cuda_tactic("cuda.gemm_bytes"), long_sums);
}

TEST(CudaFloat8Product, BroadcastsBatches) {
  const std::vector<std::pair<Shape, Shape>> shapes{{{3, 10, 16}, {16, 24}},
                                                    {{2, 3, 10, 16}, {2, 3, 16, 24}},
                                                    {{10, 16}, {3, 16, 24}},
                                                    {{16}, {16, 24}},
                                                    {{3, 10, 16}, {16}}};
  for (const auto& [a, b] : shapes)
    for (bool constant : {false, true})
      check(kernel_case({float8e4m3fn, float8e5m2, a, b, constant}));
}

// Every code of both formats: subnormal numbers, infinities and NaN too.
TEST(CudaFloat8Product, KnowsEveryCode) {
  for (ElementType left : formats)
    for (bool constant : {false, true}) {
      KernelCase what = kernel_case({left, float8e4m3fn, {256, 16}, {16, 16}, constant});
      auto* const codes = static_cast<uint8_t*>(what.inputs[0]->view().data);
      auto* const ones = static_cast<uint8_t*>(what.inputs[1]->view().data);
      std::fill_n(codes, 256 * 16, uint8_t{0});
      std::fill_n(ones, 16 * 16, uint8_t{0});
      for (int i = 0; i < 256; ++i) codes[i * 16 + i % 16] = static_cast<uint8_t>(i);
      for (int i = 0; i < 16; ++i) ones[i * 16 + i] = 0x38;
      // All sums are exact, but infinity times 0 is NaN in the whole row.
      expect_same_on_device(std::move(what), cuda_tactic("cuda.gemm_bytes"), {0, 0});
    }
}

TEST(CudaFloat8Product, FinishesSums) {
  for (const Shape& result : {Shape{2, 21, 48}, Shape{2, 21, 30}})
    for (bool constant : {false, true}) {
      KernelCase what =
          kernel_case({float8e4m3fn, float8e4m3fn, {2, 21, 96}, {96, result.back()}, constant});
      add_epilogue(what, requantised);
      what.inputs.emplace_back(random_tensor(float32, {result.back()}, 0.1, 0.2, 3));
      what.inputs.emplace_back(random_tensor(float32, {result.back()}, 0, 10, 4));
      // One step of the format.
      expect_same_on_device(std::move(what), cuda_tactic("cuda.gemm_bytes"), {0.126, 0.01});
    }
}

TEST(CudaFloat8Product, MultipliesByEveryTile) {
  Tactic tactic = cuda_tactic("cuda.gemm_bytes");
  tactic.configurations = [](const TacticQuery&) {
    return std::vector<std::string>{"128x128x64 w2x4 s4 k1", "128x128x128 w2x4 s3 k2",
                                    "128x64x128 w2x2 s3 k3", "64x128x128 w2x2 s3 k1",
                                    "64x64x64 w2x2 s4 k1",   "64x32x128 w2x2 s5 k1",
                                    "32x64x128 w2x2 s5 k1",  "32x32x64 w2x1 s4 k1"};
  };
  for (bool constant : {false, true})
    expect_same_on_device(kernel_case({float8e4m3fn, float8e5m2, {136, 272}, {272, 264}, constant}),
                          tactic, close);
}

TEST(CudaFloat8Warpgroup, MultipliesEverySizeAndFormat) {
  for (ElementType left : formats)
    for (ElementType right : formats)
      for (const auto& [m, n, k] :
           std::vector<std::array<int64_t, 3>>{{64, 64, 128}, {33, 40, 80}, {70, 66, 1040}})
        expect_same_on_device(kernel_case({left, right, {m, k}, {k, n}}),
                              cuda_tactic("cuda.gemm_warpgroup"), warpgroup);
}

TEST(CudaFloat8Warpgroup, MultipliesByEveryTile) {
  for (const char* tile : {"128x128x128 w4x2 s3 k1", "128x64x128 w4x2 s4 k1",
                           "64x64x128 w2x2 s6 k3", "64x32x128 w4x1 s6 k1"}) {
    static std::vector<std::string> one;
    one = {tile};
    Tactic tactic = cuda_tactic("cuda.gemm_warpgroup");
    tactic.configurations = [](const TacticQuery&) { return one; };
    expect_same_on_device(kernel_case({float8e4m3fn, float8e5m2, {72, 656}, {656, 72}}), tactic,
                          warpgroup);
  }
}

TEST(CudaFloat8Product, RejectsWhatItDoesNotCompute) {
  EXPECT_EQ(rejection(kernel_case({float8e4m3fn, float8e4m3fn, {8, 16}, {16, 8}}),
                      cuda_tactic("cuda.gemm")),
            "computes products of floats only");
}

struct ImageCase {
  ElementType image = float8e4m3fn, weights = float8e4m3fn;
  Shape x, w;
  std::vector<int64_t> pads = {}, strides = {};
  int64_t group = 1;
};

KernelCase kernel_case(const ImageCase& what, bool constant, bool channels_last) {
  Attributes attributes;
  if (!what.pads.empty()) attributes.set("pads", what.pads);
  if (!what.strides.empty()) attributes.set("strides", what.strides);
  attributes.set("group", what.group);
  KernelCase made = testing::kernel_case(
      ProblemKind::convolution, "ConvFloat8",
      {random_tensor(what.image, what.x, -3, 3, 1), random_tensor(what.weights, what.w, -3, 3, 2)},
      std::move(attributes));
  made.problem.domain = "cermet";
  made.constant = {false, constant};
  const int rank = static_cast<int>(what.x.size());
  if (channels_last) made.layouts = {Layout::channels_last(rank)};
  made.output_layouts = {Layout::channels_last(rank)};
  return made;
}

TEST(CudaFloat8Convolution, KnowsEveryWindow) {
  const std::vector<ImageCase> cases{
      {float8e4m3fn, float8e4m3fn, {2, 32, 7, 9}, {24, 32, 3, 3}, {1, 1, 1, 1}},
      {float8e5m2, float8e4m3fn, {2, 32, 9, 9}, {24, 32, 3, 3}, {1, 1, 1, 1}, {2, 2}},
      {float8e4m3fn, float8e5m2, {1, 20, 9, 8}, {8, 20, 3, 3}, {1, 1, 1, 1}},
      {float8e4m3fn, float8e4m3fn, {1, 3, 20, 20}, {16, 3, 7, 7}, {3, 3, 3, 3}, {2, 2}},
      {float8e5m2, float8e5m2, {2, 48, 6, 5}, {40, 48, 1, 1}, {}, {2, 2}},
      {float8e4m3fn, float8e4m3fn, {2, 16, 30}, {8, 16, 5}, {2, 2}},
      {float8e4m3fn, float8e4m3fn, {1, 64, 8, 8}, {32, 32, 3, 3}, {1, 1, 1, 1}, {}, 2}};
  for (const ImageCase& what : cases)
    for (bool constant : {true, false})
      for (bool channels_last : {true, false})
        expect_same_on_device(kernel_case(what, constant, channels_last),
                              cuda_tactic("cuda.convolution_bytes"), close);
}

TEST(CudaFloat8Warpgroup, ConvolvesImages) {
  for (const ImageCase& what : std::vector<ImageCase>{
           {float8e4m3fn, float8e4m3fn, {2, 32, 7, 9}, {24, 32, 3, 3}, {1, 1, 1, 1}},
           {float8e5m2, float8e4m3fn, {2, 64, 9, 9}, {40, 64, 3, 3}, {1, 1, 1, 1}, {2, 2}},
           {float8e4m3fn, float8e5m2, {2, 48, 5, 5}, {72, 48, 1, 1}}})
    expect_same_on_device(kernel_case(what, true, true), cuda_tactic("cuda.convolution_warpgroup"),
                          warpgroup);
}

// What no tensor core takes: small groups.
TEST(CudaFloat8Convolution, HasAPlainKernel) {
  const ImageCase what{float8e5m2, float8e5m2, {2, 6, 7, 9}, {6, 1, 3, 3}, {1, 1, 1, 1}, {2, 1}, 6};
  expect_same_on_device(kernel_case(what, true, true), cuda_tactic("cuda.plain_convolution"),
                        {1e-5, 1e-4});
  EXPECT_EQ(
      rejection(kernel_case({float8e5m2, float8e4m3fn, {1, 8, 4, 4}, {8, 8, 3, 3}}, true, true),
                cuda_tactic("cuda.plain_convolution")),
      "image and weights have different types");
}

}  // namespace
}  // namespace cermet
