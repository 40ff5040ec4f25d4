#include "backends/cpu/run/gemm_functions.h"
#include "tests/support/kernel_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

constexpr Tolerance tolerance{1e-5, 2e-4};

void check(KernelCase what) {
  for (bool constant : {true, false}) {
    what.constant.assign(what.inputs.size(), false);
    what.constant[1] = constant;
    expect_same_as_reference(what, cpu::make_gemm_kernel, tolerance);
  }
}

Tensor random(Shape shape, uint32_t seed) {
  return random_tensor(float32, std::move(shape), -1, 1, seed);
}

// Each file of kernels is compiled for its instruction set: two vectors of columns.
TEST(GemmFunctions, AreAsWideAsTheirInstructionSet) {
  EXPECT_EQ(cpu::portable::gemm_table.columns, 8);
  EXPECT_EQ(cpu::avx2::gemm_table.columns, 16);
  EXPECT_EQ(cpu::avx512::gemm_table.columns, 32);
}

TEST(MatMul, OfEverySize) {
  for (int64_t m : {1, 2, 14, 15, 29})
    for (int64_t n : {1, 7, 32, 33, 100})
      for (int64_t k : {0, 1, 5, 400})
        check(kernel_case(ProblemKind::matmul, "MatMul", {random({m, k}, 1), random({k, n}, 2)}));
  check(kernel_case(ProblemKind::matmul, "MatMul", {random({200, 70}, 1), random({70, 300}, 2)}));
  check(kernel_case(ProblemKind::matmul, "MatMul", {random({0, 70}, 1), random({70, 30}, 2)}));
}

TEST(MatMul, OfBatches) {
  check(
      kernel_case(ProblemKind::matmul, "MatMul", {random({3, 4, 10, 20}, 1), random({20, 30}, 2)}));
  check(kernel_case(ProblemKind::matmul, "MatMul",
                    {random({3, 1, 10, 20}, 1), random({4, 20, 30}, 2)}));
  check(kernel_case(ProblemKind::matmul, "MatMul", {random({10, 20}, 1), random({4, 20, 30}, 2)}));
}

TEST(MatMul, OfTransposedOperands) {
  const auto check_layouts = [](Shape a, Shape b, const char* a_layout, const char* b_layout) {
    KernelCase what = kernel_case(ProblemKind::matmul, "MatMul",
                                  {random(std::move(a), 1), random(std::move(b), 2)});
    what.layouts = {Layout::parse(a_layout), Layout::parse(b_layout)};
    expect_same_as_reference(what, cpu::make_gemm_kernel, tolerance);
  };
  for (const char* a : {"row-major", "10"})
    for (const char* b : {"row-major", "10"})
      for (int64_t k : {0, 1, 5, 400})
        for (int64_t n : {1, 7, 33, 100}) check_layouts({29, k}, {k, n}, a, b);
  check_layouts({3, 10, 20}, {3, 20, 40}, "021", "021");
  check_layouts({3, 10, 20}, {20, 40}, "102", "10");
  check_layouts({3, 10, 20}, {1, 20, 40}, "021", "row-major");
  check_layouts({2, 3, 10, 20}, {2, 3, 20, 40}, "0213", "0312");
  check_layouts({2, 3, 10, 20}, {3, 20, 40}, "1302", "102");
}

TEST(MatMul, AppliesItsEpilogue) {
  KernelCase what = kernel_case(
      ProblemKind::matmul, "MatMul",
      {random({3, 40, 20}, 1), random({20, 70}, 2), random({70}, 3), random({3, 40, 70}, 4)});
  what.problem.expression = ScalarExpr::parse(
      "%0 = input float32 0; %1 = input float32 1; %2 = add float32 %0 %1; "
      "%3 = tanh float32 %2; %4 = input float32 2; %5 = add float32 %3 %4; -> %5");
  what.problem.epilogue_first = 2;
  check(what);
}

TEST(Gemm, TakesEveryAttribute) {
  for (int64_t turn_a : {0, 1})
    for (int64_t turn_b : {0, 1})
      for (const Shape& c : {Shape{}, Shape{33}, Shape{17, 1}, Shape{17, 33}}) {
        Attributes attributes;
        attributes.set("transA", turn_a);
        attributes.set("transB", turn_b);
        attributes.set("alpha", 0.5);
        attributes.set("beta", 2.0);
        KernelCase what =
            kernel_case(ProblemKind::matmul, "Gemm",
                        {random(turn_a ? Shape{50, 17} : Shape{17, 50}, 1),
                         random(turn_b ? Shape{33, 50} : Shape{50, 33}, 2), random(c, 3)},
                        attributes);
        check(what);
        what.problem.epilogue_first = 3;
        what.problem.expression = ScalarExpr::parse(
            "%0 = input float32 0; %1 = input float32 1; %2 = max float32 %0 %1; -> %2");
        what.inputs.emplace_back(random({1, 1}, 4));
        check(what);
      }
}

}  // namespace
}  // namespace cermet
