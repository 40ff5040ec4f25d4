// Products and convolutions of bytes on tensor cores.
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

constexpr std::array bytes{int8, uint8};
constexpr Tolerance exact{0, 0};

Tensor random_bytes(ElementType type, Shape shape, uint32_t seed) {
  return type == int8 ? random_tensor(type, std::move(shape), -128, 128, seed)
                      : random_tensor(type, std::move(shape), 0, 256, seed);
}

struct Zeros {
  std::optional<Shape> left = {}, right = {};
  bool constant = true;
};

void add_zeros(KernelCase& what, const Zeros& zeros) {
  if (!zeros.left && !zeros.right) return;
  for (const auto& [shape, operand] : {std::pair{zeros.left, 0}, std::pair{zeros.right, 1}}) {
    std::optional<Tensor> points;
    if (shape) points = random_bytes(what.inputs[operand]->type(), *shape, 5);
    what.inputs.push_back(std::move(points));
    what.constant.push_back(zeros.constant);
  }
}

struct ProductCase {
  ElementType left = int8, right = int8;
  Shape a, b;
  bool constant = true;
  Zeros zeros = {};
};

KernelCase kernel_case(const ProductCase& what) {
  KernelCase made = testing::kernel_case(
      ProblemKind::matmul, "MatMulInteger",
      {random_bytes(what.left, what.a, 1), random_bytes(what.right, what.b, 2)}, {});
  made.constant = {false, what.constant};
  add_zeros(made, what.zeros);
  return made;
}

void check(KernelCase what) {
  expect_same_on_device(std::move(what), cuda_tactic("cuda.gemm_bytes"), exact);
}
void check_convolution(KernelCase what) {
  expect_same_on_device(std::move(what), cuda_tactic("cuda.convolution_bytes"), exact);
}

// A float scale for each column, a bias, and bytes again.
const char* const requantised =
    "%0 = input int32 0; %1 = cast float32 %0; %2 = input float32 1; %3 = mul float32 %1 %2; "
    "%4 = input float32 2; %5 = add float32 %3 %4; %6 = round float32 %5; %7 = cast uint8 "
    "%6; -> %7";

TEST(CudaByteProduct, MultipliesEverySizeAndSign) {
  for (ElementType left : bytes)
    for (ElementType right : bytes)
      for (const auto& [m, n, k] : std::vector<std::array<int64_t, 3>>{
               {64, 64, 64}, {1, 1, 1}, {33, 40, 72}, {17, 31, 23}, {70, 66, 130}})
        for (bool constant : {false, true})
          check(kernel_case({left, right, {m, k}, {k, n}, constant}));
}

TEST(CudaByteProduct, TakesZeroPointsOff) {
  const std::vector<Zeros> all{{Shape{}, {}},         {{}, Shape{}},   {Shape{}, Shape{}},
                               {Shape{1}, Shape{24}}, {{}, Shape{24}}, {Shape{}, Shape{24}, false}};
  for (ElementType left : bytes)
    for (ElementType right : bytes)
      for (bool constant : {false, true})
        for (const Zeros& zeros : all) {
          if (constant && zeros.right && !zeros.constant) continue;
          check(kernel_case({left, right, {37, 50}, {50, 24}, constant, zeros}));
        }
  // A constant right factor and a zero point that is computed.
  check(kernel_case({uint8, int8, {5, 48}, {48, 40}, true, {Shape{}, {}, false}}));
}

TEST(CudaByteProduct, RejectsWhatItDoesNotCompute) {
  EXPECT_EQ(rejection(kernel_case({int8, int8, {8, 16}, {16, 8}, true, {Shape{8}, {}}}),
                      cuda_tactic("cuda.gemm_bytes")),
            "the left factor has several zero points");
  EXPECT_EQ(rejection(kernel_case({int8, int8, {8, 16}, {16, 8}, true, {{}, Shape{8}, false}}),
                      cuda_tactic("cuda.gemm_bytes")),
            "the zero points of constant weights are computed");
  EXPECT_EQ(rejection(kernel_case({int8, int8, {8, 16}, {16, 8}}), cuda_tactic("cuda.gemm")),
            "computes products of floats only");
}

TEST(CudaByteProduct, SplitsALongDepth) {
  check(kernel_case({uint8, int8, {20, 1400}, {1400, 24}, true, {Shape{}, Shape{24}}}));
  check(kernel_case({uint8, uint8, {9, 1024}, {1024, 17}, false, {Shape{}, Shape{}}}));
}

TEST(CudaByteProduct, BroadcastsBatches) {
  const std::vector<std::pair<Shape, Shape>> shapes{
      {{3, 10, 16}, {16, 24}}, {{2, 3, 10, 16}, {2, 3, 16, 24}},
      {{10, 16}, {3, 16, 24}}, {{2, 1, 10, 16}, {3, 16, 8}},
      {{16}, {16, 24}},        {{3, 10, 16}, {16}}};
  for (const auto& [a, b] : shapes)
    for (bool constant : {false, true})
      check(kernel_case({uint8, int8, a, b, constant, {Shape{}, Shape{}}}));
}

TEST(CudaByteProduct, FinishesSums) {
  for (const Shape& result : {Shape{2, 21, 48}, Shape{2, 21, 30}})
    for (bool constant : {false, true}) {
      KernelCase what = kernel_case(
          {uint8, int8, {2, 21, 96}, {96, result.back()}, constant, {Shape{}, Shape{}}});
      what.inputs.resize(4);
      what.constant.resize(4);
      add_epilogue(what, requantised);
      what.inputs.emplace_back(random_tensor(float32, {result.back()}, 0, 1e-3, 3));
      what.inputs.emplace_back(random_tensor(float32, {result.back()}, 0, 100, 4));
      check(std::move(what));
    }
}

TEST(CudaByteProduct, MultipliesByEveryTile) {
  Tactic tactic = cuda_tactic("cuda.gemm_bytes");
  tactic.configurations = [](const TacticQuery&) {
    return std::vector<std::string>{"128x256x64 w2x4 s4 k1", "256x128x64 w4x2 s4 k2",
                                    "128x128x64 w2x2 s4 k1", "128x128x128 w2x2 s3 k1",
                                    "128x64x128 w2x2 s3 k3", "64x128x128 w2x2 s3 k1",
                                    "64x64x64 w2x2 s4 k1",   "64x32x128 w2x2 s5 k1",
                                    "32x64x128 w2x2 s5 k1",  "32x32x64 w2x1 s4 k1"};
  };
  for (bool constant : {false, true})
    expect_same_on_device(
        kernel_case({uint8, int8, {136, 272}, {272, 264}, constant, {Shape{}, Shape{264}}}), tactic,
        exact);
}

const std::vector<std::string> warpgroup_tiles{"128x256x128 w2x4 s4 k1", "256x128x128 w4x2 s4 k2",
                                               "128x192x128 w4x2 s4 k1", "128x128x128 w4x2 s3 k1",
                                               "128x64x128 w4x2 s4 k3",  "64x256x128 w1x4 s4 k1",
                                               "64x128x128 w2x2 s4 k1",  "64x32x128 w4x1 s6 k1"};

TEST(CudaByteWarpgroup, MultipliesEverySizeAndSign) {
  for (ElementType left : bytes)
    for (ElementType right : bytes)
      for (const auto& [m, n, k] :
           std::vector<std::array<int64_t, 3>>{{64, 64, 128}, {33, 40, 80}, {70, 66, 272}})
        expect_same_on_device(kernel_case({left, right, {m, k}, {k, n}, true, {Shape{}, {}}}),
                              cuda_tactic("cuda.gemm_warpgroup"), exact);
}

TEST(CudaByteWarpgroup, MultipliesByEveryTile) {
  for (const std::string& tile : warpgroup_tiles) {
    static std::vector<std::string> one;
    one = {tile};
    Tactic tactic = cuda_tactic("cuda.gemm_warpgroup");
    tactic.configurations = [](const TacticQuery&) { return one; };
    expect_same_on_device(kernel_case({uint8, int8, {136, 272}, {272, 264}, true, {Shape{}, {}}}),
                          tactic, exact);
  }
}

TEST(CudaByteWarpgroup, RejectsWhatItDoesNotCompute) {
  const Tactic& tactic = cuda_tactic("cuda.gemm_warpgroup");
  EXPECT_EQ(rejection(kernel_case({int8, int8, {8, 16}, {16, 8}, false}), tactic),
            "bytes have to lie side by side along the depth");
  EXPECT_EQ(rejection(kernel_case({int8, int8, {8, 16}, {16, 8}, true, {{}, Shape{8}}}), tactic),
            "sums of the factors, for zero points, are not there when it starts");
}

struct ImageCase {
  ElementType image = uint8, weights = int8;
  Shape x, w;
  std::vector<int64_t> pads = {}, strides = {}, dilations = {};
  int64_t group = 1;
  Zeros zeros = {};
  bool constant = true, channels_last = true;
};

KernelCase kernel_case(const ImageCase& what) {
  Attributes attributes;
  if (!what.pads.empty()) attributes.set("pads", what.pads);
  if (!what.strides.empty()) attributes.set("strides", what.strides);
  if (!what.dilations.empty()) attributes.set("dilations", what.dilations);
  attributes.set("group", what.group);
  KernelCase made = testing::kernel_case(
      ProblemKind::convolution, "ConvInteger",
      {random_bytes(what.image, what.x, 1), random_bytes(what.weights, what.w, 2)},
      std::move(attributes));
  made.constant = {false, what.constant};
  const int rank = static_cast<int>(what.x.size());
  if (what.channels_last) made.layouts = {Layout::channels_last(rank)};
  made.output_layouts = {Layout::channels_last(rank)};
  add_zeros(made, what.zeros);
  return made;
}

TEST(CudaByteConvolution, KnowsEveryWindow) {
  const Zeros zeros{Shape{}, {}};
  const std::vector<ImageCase> cases{
      {uint8, int8, {2, 32, 7, 9}, {24, 32, 3, 3}, {1, 1, 1, 1}, {}, {}, 1, zeros},
      {int8, int8, {2, 32, 9, 9}, {24, 32, 3, 3}, {1, 1, 1, 1}, {2, 2}, {}, 1, zeros},
      {uint8, uint8, {1, 16, 9, 8}, {8, 16, 3, 3}, {2, 0, 1, 2}, {}, {2, 2}, 1, zeros},
      {uint8, int8, {1, 20, 9, 8}, {8, 20, 3, 3}, {1, 1, 1, 1}, {}, {}, 1, zeros},
      {uint8, int8, {1, 3, 20, 20}, {16, 3, 7, 7}, {3, 3, 3, 3}, {2, 2}, {}, 1, zeros},
      {uint8, int8, {2, 48, 5, 5}, {40, 48, 1, 1}, {}, {}, {}, 1, zeros},
      {uint8, int8, {2, 48, 6, 5}, {40, 48, 1, 1}, {}, {2, 2}, {}, 1, zeros},
      {uint8, int8, {2, 16, 30}, {8, 16, 5}, {2, 2}, {}, {}, 1, zeros},
      {uint8, int8, {1, 16, 5, 6, 4}, {8, 16, 3, 3, 3}, {1, 1, 1, 1, 1, 1}, {}, {}, 1, zeros},
      {uint8, int8, {1, 64, 8, 8}, {32, 32, 3, 3}, {1, 1, 1, 1}, {}, {}, 2, zeros},
      {uint8, int8, {1, 12, 8, 8}, {12, 1, 3, 3}, {1, 1, 1, 1}, {}, {}, 12, zeros}};
  for (ImageCase what : cases)
    for (bool constant : {true, false}) {
      what.constant = constant;
      check_convolution(kernel_case(what));
    }
}

TEST(CudaByteConvolution, TakesZeroPointsOff) {
  for (int64_t channels : {32, 5})
    for (const Zeros& zeros :
         std::vector<Zeros>{{}, {{}, Shape{}}, {Shape{}, Shape{}}, {Shape{1}, Shape{24}}})
      for (bool constant : {true, false})
        for (bool channels_last : {true, false}) {
          ImageCase what{uint8, uint8, {1, channels, 6, 7}, {24, channels, 3, 3}, {1, 1, 1, 1}};
          what.zeros = zeros;
          what.zeros.constant = constant;
          what.constant = constant;
          what.channels_last = channels_last;
          check_convolution(kernel_case(what));
        }
  ImageCase computed{uint8, int8, {1, 16, 6, 7}, {24, 16, 3, 3}, {1, 1, 1, 1}};
  computed.zeros = {Shape{}, {}, false};
  check_convolution(kernel_case(computed));
}

TEST(CudaByteConvolution, FinishesSums) {
  KernelCase what = kernel_case(ImageCase{
      uint8, int8, {1, 32, 6, 7}, {24, 32, 3, 3}, {1, 1, 1, 1}, {}, {}, 1, {Shape{}, {}}});
  what.inputs.resize(4);
  what.constant.resize(4);
  add_epilogue(what, requantised);
  what.inputs.emplace_back(random_tensor(float32, {24, 1, 1}, 0, 1e-3, 3));
  what.inputs.emplace_back(random_tensor(float32, {24, 1, 1}, 0, 100, 4));
  what.layouts.resize(what.inputs.size());
  check_convolution(std::move(what));
}

TEST(CudaByteWarpgroup, ConvolvesImages) {
  const Zeros zeros{Shape{}, {}};
  for (const ImageCase& what : std::vector<ImageCase>{
           {uint8, int8, {2, 32, 7, 9}, {24, 32, 3, 3}, {1, 1, 1, 1}, {}, {}, 1, zeros},
           {int8, int8, {2, 64, 9, 9}, {40, 64, 3, 3}, {1, 1, 1, 1}, {2, 2}, {}, 1, zeros},
           {uint8, uint8, {2, 48, 5, 5}, {72, 48, 1, 1}, {}, {}, {}, 1, zeros},
           {uint8, int8, {1, 64, 8, 8}, {32, 32, 3, 3}, {1, 1, 1, 1}, {}, {}, 2, zeros}})
    expect_same_on_device(kernel_case(what), cuda_tactic("cuda.convolution_warpgroup"), exact);
}

TEST(CudaByteDepthwise, KnowsEveryWindowAndZero) {
  const std::vector<Zeros> all{
      {}, {Shape{}, {}}, {{}, Shape{}}, {Shape{}, Shape{24}}, {Shape{1}, Shape{1}, false}};
  for (ElementType image : bytes)
    for (ElementType weights : bytes)
      for (const Zeros& zeros : all)
        for (const ImageCase& what : std::vector<ImageCase>{
                 {image, weights, {2, 24, 9, 11}, {24, 1, 3, 3}, {1, 1, 1, 1}, {}, {}, 24, zeros},
                 {image,
                  weights,
                  {1, 24, 9, 8},
                  {24, 1, 5, 3},
                  {2, 1, 0, 1},
                  {2, 2},
                  {},
                  24,
                  zeros},
                 {image,
                  weights,
                  {1, 12, 12, 9},
                  {24, 1, 3, 3},
                  {2, 2, 2, 2},
                  {},
                  {2, 2},
                  12,
                  zeros},
                 {image, weights, {2, 24, 30}, {24, 1, 5}, {2, 2}, {}, {}, 24, zeros}})
          expect_same_on_device(kernel_case(what), cuda_tactic("cuda.depthwise"), exact);
}

TEST(CudaByteDepthwise, FinishesSums) {
  for (int64_t channels : {24, 5}) {
    KernelCase what = kernel_case(ImageCase{uint8,
                                            int8,
                                            {2, channels, 6, 7},
                                            {channels, 1, 3, 3},
                                            {1, 1, 1, 1},
                                            {},
                                            {},
                                            channels,
                                            {Shape{}, {}}});
    what.inputs.resize(4);
    what.constant.resize(4);
    add_epilogue(what, requantised);
    what.inputs.emplace_back(random_tensor(float32, {channels, 1, 1}, 0, 1e-3, 3));
    what.inputs.emplace_back(random_tensor(float32, {channels, 1, 1}, 0, 100, 4));
    what.layouts.resize(what.inputs.size());
    expect_same_on_device(std::move(what), cuda_tactic("cuda.depthwise"), exact);
  }
}

}  // namespace
}  // namespace cermet
