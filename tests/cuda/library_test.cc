// Products by cuBLASLt and convolutions by cuDNN. On a machine without a GPU the libraries of
// tests/fake_cuda stand in for them; on one that has a GPU and not the library they are left out.
#include <cstdlib>

#include "backends/cuda/run/cublaslt.h"
#include "backends/cuda/run/cudnn.h"
#include "base/error.h"
#include "tests/cuda/convolution_case.h"
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

template <class Calls>
bool is_missing(const char* variable) {
  if (std::getenv(variable) != nullptr) return false;
  try {
    Calls::open();
  } catch (const Error&) {
    return true;
  }
  return false;
}

class CudaCublasLt : public ::testing::Test {
  void SetUp() override {
    if (is_missing<cuda::CublasLtCalls>("CERMET_CUBLASLT")) GTEST_SKIP() << "no cuBLASLt";
  }
};
class CudaCudnn : public ::testing::Test {
  void SetUp() override {
    if (is_missing<cuda::CudnnCalls>("CERMET_CUDNN")) GTEST_SKIP() << "no cuDNN";
  }
};

struct Kind {
  ElementType type;
  Tolerance tolerance;
};
// Products of float32 are by TF32, as tests allow it.
const std::vector<Kind> kinds{
    {float32, {3e-3, 2e-2}}, {float16, {2e-3, 2e-3}}, {bfloat16, {1e-2, 1e-2}}};

KernelCase product_case(ElementType type, const Shape& a, const Shape& b, std::string op = "MatMul",
                        Attributes attributes = {}, std::optional<Shape> c = {}) {
  std::vector<std::optional<Tensor>> inputs{random_tensor(type, a, -1, 1),
                                            random_tensor(type, b, -1, 1, 2)};
  if (c) inputs.emplace_back(random_tensor(type, *c, -1, 1, 3));
  return kernel_case(ProblemKind::matmul, std::move(op), std::move(inputs), std::move(attributes));
}

void check(const KernelCase& what, const Kind& kind, int64_t depth) {
  expect_same_on_device(what, cuda_tactic("cublaslt.gemm"), kind.tolerance, {depth});
}

std::string refusal(const KernelCase& what) {
  return rejection(what, cuda_tactic("cublaslt.gemm"));
}

void add(KernelCase& what, std::string_view expression, ElementType type,
         const std::vector<Shape>& operands) {
  add_epilogue(what, fmt::format(fmt::runtime(expression), name(type)));
  for (const Shape& shape : operands)
    what.inputs.emplace_back(random_tensor(type, shape, -1, 1, 5));
}

TEST_F(CudaCublasLt, EverySize) {
  for (const Kind& kind : kinds)
    for (const auto& [m, n, k] :
         std::vector<std::array<int64_t, 3>>{{64, 48, 32}, {1, 1, 3}, {33, 40, 72}, {17, 31, 23}})
      for (const bool constant : {false, true}) {
        KernelCase what = product_case(kind.type, {m, k}, {k, n});
        what.constant = {false, constant};
        check(what, kind, k);
      }
}

TEST_F(CudaCublasLt, TurnedFactorsAndBias) {
  const int64_t m = 20, n = 29, k = 51;
  for (const Kind& kind : kinds)
    for (const bool a : {false, true})
      for (const bool b : {false, true})
        for (const bool constant : {false, true}) {
          Attributes attributes;
          attributes.set("transA", int64_t{a});
          attributes.set("transB", int64_t{b});
          KernelCase what =
              product_case(kind.type, a ? Shape{k, m} : Shape{m, k}, b ? Shape{n, k} : Shape{k, n},
                           "Gemm", attributes, Shape{n});
          what.constant = {false, constant, constant};
          check(what, kind, k);
        }
}

TEST_F(CudaCublasLt, StridedBatches) {
  const Kind kind = kinds[1];
  check(product_case(float16, {2, 3, 10, 16}, {2, 3, 16, 24}), kind, 16);
  check(product_case(float16, {3, 10, 16}, {16, 24}), kind, 16);
  check(product_case(float16, {10, 16}, {3, 16, 24}), kind, 16);
  check(product_case(float16, {4, 1, 16}, {4, 16, 8}), kind, 16);
  check(product_case(float16, {0, 10, 16}, {0, 16, 8}), kind, 16);
  EXPECT_EQ(refusal(product_case(float16, {2, 1, 10, 16}, {3, 16, 8})),
            "matrices of the left factor do not lie at even distances");
}

constexpr const char *sum = "%0 = input {0} 0; %1 = input {0} 1; %2 = add {0} %0 %1; -> %2",
                     *bounded = "%0 = input {0} 0; %1 = constant {0} 0; %2 = max {0} %0 %1; -> %2",
                     *bounded_sum =
                         "%0 = input {0} 0; %1 = input {0} 1; %2 = add {0} %1 %0; %3 = constant "
                         "{0} 0; %4 = max {0} %3 %2; -> %4",
                     *bounded_sums =
                         "%0 = input {0} 0; %1 = input {0} 1; %2 = add {0} %0 %1; %3 = input {0} "
                         "2; %4 = add {0} %2 %3; %5 = constant {0} 0; %6 = max {0} %4 %5; -> %6",
                     *gelu =
                         "%0 = input {0} 0; %1 = input {0} 1; %2 = add {0} %0 %1; %3 = mul {0} %2 "
                         "%2; %4 = mul {0} %3 %2; %5 = constant {0} 0.044715; %6 = mul {0} %5 %4; "
                         "%7 = add {0} %2 %6; %8 = constant {0} 0.79788456; %9 = mul {0} %8 %7; "
                         "%10 = tanh {0} %9; %11 = constant {0} 1; %12 = add {0} %10 %11; %13 = "
                         "constant {0} 0.5; %14 = mul {0} %13 %2; %15 = mul {0} %14 %12; -> %15",
                     *gelu_by_erf =
                         "%0 = input {0} 0; %1 = constant {0} 0.70710677; %2 = mul {0} %0 %1; %3 = "
                         "erf {0} %2; %4 = constant {0} 1; %5 = add {0} %3 %4; %6 = mul {0} %0 %5; "
                         "%7 = constant {0} 0.5; %8 = mul {0} %6 %7; -> %8";

TEST_F(CudaCublasLt, Epilogues) {
  const Kind kind{float32, kinds[0].tolerance};
  const auto with = [&](const char* expression, const std::vector<Shape>& operands) {
    KernelCase what = product_case(float32, {12, 20}, {20, 24});
    add(what, expression, float32, operands);
    return what;
  };
  check(with(sum, {{24}}), kind, 20);
  check(with(sum, {{1, 24}}), kind, 20);
  check(with(sum, {{12, 24}}), kind, 20);
  check(with(bounded, {}), kind, 20);
  check(with(bounded_sum, {{24}}), kind, 20);
  check(with(bounded_sums, {{24}, {12, 24}}), kind, 20);
  check(with(bounded_sums, {{12, 24}, {24}}), kind, 20);
  check(with(gelu, {{24}}), kind, 20);
}

TEST_F(CudaCublasLt, WhatIsNotItsEpilogueIsRefused) {
  const std::string reason = "the epilogue is more than an addend, a bias and ReLU or GELU";
  const auto refused = [&](const char* expression, const std::vector<Shape>& operands) {
    KernelCase what = product_case(float16, {12, 20}, {20, 24});
    add(what, expression, float16, operands);
    return refusal(what);
  };
  EXPECT_EQ(refused(gelu_by_erf, {}), reason);
  EXPECT_EQ(refused(sum, {{12, 1}}), reason);
  EXPECT_EQ(refused(bounded_sums, {{24}, {24}}), reason);
  EXPECT_EQ(refused("%0 = input {0} 0; %1 = tanh {0} %0; -> %1", {}), reason);
  EXPECT_EQ(refused("%0 = input {0} 0; %1 = constant {0} 0.5; %2 = max {0} %0 %1; -> %2", {}),
            reason);
  EXPECT_EQ(refused("%0 = input {0} 0; %1 = input {0} 1; %2 = sub {0} %0 %1; -> %2", {{24}}),
            reason);
  EXPECT_EQ(refused("%0 = input {0} 0; %1 = add {0} %0 %0; -> %1", {}), reason);
  Attributes attributes;
  attributes.set("alpha", 0.5);
  EXPECT_EQ(refusal(product_case(float16, {12, 20}, {20, 24}, "Gemm", attributes)),
            "alpha is not 1");
  EXPECT_EQ(refusal(product_case(float16, {12, 20}, {20, 24}, "Gemm", {}, Shape{12, 24})),
            "the addend is no bias");
}

void check(const ConvolutionCase& what) { check_convolution(what, "cudnn.convolution"); }

TEST_F(CudaCudnn, WindowsInBothOrders) {
  for (const bool last : {false, true}) {
    const auto check_order = [&](ConvolutionCase what) {
      what.input_channels_last = what.output_channels_last = last;
      check(what);
    };
    for (const ElementType type : {float16, bfloat16})
      check_order(
          {.type = type, .image = {2, 8, 9, 11}, .weights = {16, 8, 3, 3}, .pads = {1, 1, 1, 1}});
    check_order({.type = float16,
                 .image = {1, 8, 15, 14},
                 .weights = {8, 8, 5, 3},
                 .strides = {2, 1},
                 .dilations = {1, 2},
                 .pads = {2, 1, 2, 1}});
    check_order({.type = float16, .image = {2, 16, 7, 7}, .weights = {24, 16, 1, 1}});
    check_order({.type = float16,
                 .image = {1, 16, 8, 8},
                 .weights = {32, 4, 3, 3},
                 .pads = {1, 1, 1, 1},
                 .group = 4});
    check_order({.type = float16, .image = {2, 8, 20}, .weights = {8, 8, 3}, .pads = {1, 1}});
    check_order({.type = float16,
                 .image = {1, 8, 5, 6, 7},
                 .weights = {8, 8, 3, 3, 3},
                 .pads = {1, 1, 1, 1, 1, 1}});
    check_order({.type = float16,
                 .image = {2, 8, 8, 9},
                 .weights = {16, 8, 3, 3},
                 .pads = {1, 1, 1, 1},
                 .residual = true});
  }
}

TEST_F(CudaCudnn, WithoutBias) {
  check({.type = float16,
         .image = {2, 8, 9, 11},
         .weights = {16, 8, 3, 3},
         .bias = false,
         .input_channels_last = true,
         .output_channels_last = true});
  check({.type = float16, .image = {0, 8, 9, 11}, .weights = {16, 8, 3, 3}, .bias = false});
}

TEST_F(CudaCudnn, WhatItIsNotMadeForIsRefused) {
  const auto refusal = [](const ConvolutionCase& what) {
    return rejection(kernel_case(what), cuda_tactic("cudnn.convolution"));
  };
  const ConvolutionCase good{.type = float16, .image = {2, 8, 9, 11}, .weights = {16, 8, 3, 3}};
  ConvolutionCase what = good;
  what.pads = {0, 0, 1, 1};
  EXPECT_EQ(refusal(what), "both ends of an axis are not padded alike");
  what = good;
  what.output_channels_last = true;
  EXPECT_EQ(refusal(what), "image and result lie in different orders");
  what.input_channels_last = true;
  what.constant_weights = false;
  EXPECT_EQ(refusal(what), "channels-last weights have to be constant");
  what = good;
  what.bias = false;
  what.residual = true;
  EXPECT_EQ(refusal(what), "an addend or ReLU needs a bias beside it");
  what = good;
  what.type = float64;
  EXPECT_EQ(refusal(what), "convolutions of float64 are not computed");
}

}  // namespace
}  // namespace cermet
