// The choice of cases of the GPU's tests.
#include "tests/cuda/case_choice.h"

#include <gtest/gtest.h>

namespace cermet::testing {
namespace {

using Partners = CoveredPairs::Partners;

Problem product(ElementType type, int64_t rows, int64_t depth, int64_t alpha = 1) {
  Problem problem;
  problem.kind = ProblemKind::matmul;
  problem.op = "Gemm";
  problem.attributes.set("alpha", alpha);
  problem.inputs = {Operand{ValueType::tensor(type, Dims{rows, depth}), {}, false},
                    Operand{ValueType::tensor(type, Dims{depth, Dim::symbol("n")}), {}, true}};
  return problem;
}

TEST(CaseChoice, NamesWhatTellsCasesApart) {
  EXPECT_EQ(properties_of(product(ElementType::float16, 24, 17), "cuda.gemm"),
            (std::vector<std::string>{"cuda.gemm", "input 0 float16", "input 0 row-major",
                                      "input 0 0 a multiple of 8", "input 0 1 odd",
                                      "input 1 float16", "input 1 row-major", "input 1 constant",
                                      "input 1 0 odd", "input 1 1 a symbol", "{alpha: 1}"}));
}

TEST(CaseChoice, TakesACaseForEachNewPair) {
  auto takes = [covered = CoveredPairs()](int64_t rows, int64_t depth,
                                          std::string_view tactic = "cuda.gemm",
                                          Partners partners = Partners::all) mutable {
    return covered.add(properties_of(product(ElementType::float16, rows, depth), tactic), partners);
  };
  EXPECT_TRUE(takes(8, 8));
  EXPECT_FALSE(takes(16, 64)) << "sizes of the same kinds";
  EXPECT_TRUE(takes(1, 8));
  EXPECT_TRUE(takes(8, 3));
  EXPECT_TRUE(takes(1, 3)) << "both were there, but not together";
  EXPECT_FALSE(takes(1, 5));
  EXPECT_TRUE(takes(8, 8, "cuda.gemm_fma"));
  EXPECT_TRUE(takes(1, 3, "cuda.gemm_fma", Partners::first));
  EXPECT_FALSE(takes(1, 8, "cuda.gemm_fma", Partners::first)) << "each was there with the tactic";
}

}  // namespace
}  // namespace cermet::testing
