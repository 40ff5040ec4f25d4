#include "expr/cut_expression.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace cermet {
namespace {

constexpr ElementType f32 = ElementType::float32;

// max(x + a, 0) * b, with a for operand 2 and b for operand 1.
ScalarExpr chain() {
  ScalarExpr e;
  const int sum = e.apply(ScalarOp::add, f32, {e.input(0, f32), e.input(2, f32)});
  const int bounded = e.apply(ScalarOp::max, f32, {sum, e.constant(0, f32)});
  e.add_result(e.apply(ScalarOp::mul, f32, {bounded, e.input(1, f32)}));
  return e;
}

// x * sigmoid(x) + a: x is needed until the product.
ScalarExpr swish() {
  ScalarExpr e;
  const int x = e.input(0, f32);
  const int product = e.apply(ScalarOp::mul, f32, {x, e.apply(ScalarOp::sigmoid, f32, {x})});
  e.add_result(e.apply(ScalarOp::add, f32, {product, e.input(1, f32)}));
  return e;
}

double value_of(const ScalarExpr& e, const std::vector<WideScalar>& operands) {
  WideScalar result;
  evaluate_point(e, operands, std::span(&result, 1));
  return result.real;
}

std::vector<WideScalar> operands_of(double first, const std::vector<int>& numbers,
                                    const std::vector<WideScalar>& all) {
  std::vector<WideScalar> operands{{first, 0}};
  for (const int number : numbers) operands.push_back(all[number]);
  return operands;
}

// Head and tail, one after the other, are the whole, but that the value between is rounded.
void expect_same(const ScalarExpr& whole) {
  std::mt19937 generator(1);
  std::normal_distribution<double> normal;
  for (int i = 0; i < 20; ++i) {
    std::vector<WideScalar> all(3);
    for (WideScalar& operand : all) operand.real = static_cast<float>(normal(generator));
    for (const CutExpression& cut : cuts_of(whole)) {
      const double between =
          cut.head.empty() ? all[0].real
                           : value_of(cut.head, operands_of(all[0].real, cut.head_operands, all));
      const double tail = value_of(cut.tail, operands_of(between, cut.tail_operands, all));
      EXPECT_NEAR(tail, value_of(whole, all), 1e-6 * (1 + std::abs(tail)))
          << cut.head.to_string() << " | " << cut.tail.to_string();
    }
  }
}

TEST(CutExpression, TheLongestHeadComesFirst) {
  const auto cuts = cuts_of(chain());
  ASSERT_EQ(cuts.size(), 3);
  EXPECT_EQ(cuts[0].head_operands, std::vector<int>{2});
  EXPECT_EQ(cuts[0].tail_operands, std::vector<int>{1});
  EXPECT_EQ(cuts[0].head.nodes()[cuts[0].head.results()[0]].op, ScalarOp::max);
  EXPECT_EQ(cuts[1].head.nodes()[cuts[1].head.results()[0]].op, ScalarOp::add);
  EXPECT_TRUE(cuts[2].head.empty());
  EXPECT_EQ(cuts[2].tail_operands, (std::vector<int>{2, 1}));
  expect_same(chain());
}

TEST(CutExpression, NotWhereOperand0IsStillNeeded) {
  const auto cuts = cuts_of(swish());
  ASSERT_EQ(cuts.size(), 2);
  EXPECT_EQ(cuts[0].head.nodes()[cuts[0].head.results()[0]].op, ScalarOp::mul);
  expect_same(swish());
}

TEST(CutExpression, TypesMayChange) {
  ScalarExpr e;
  const int rounded = e.apply(ScalarOp::round, f32, {e.input(0, f32)});
  e.add_result(e.cast(rounded, ElementType::uint8));
  const auto cuts = cuts_of(e);
  ASSERT_EQ(cuts.size(), 2);
  EXPECT_EQ(cuts[0].head.result_type(), f32);
  EXPECT_EQ(cuts[0].tail.result_type(), ElementType::uint8);
}

TEST(CutExpression, NothingToCut) {
  ScalarExpr identity, other, two = chain();
  identity.add_result(identity.input(0, f32));
  other.add_result(other.apply(ScalarOp::neg, f32, {other.input(1, f32)}));
  two.add_result(0);
  for (const ScalarExpr& e : {identity, other, two}) EXPECT_TRUE(cuts_of(e).empty());
}

}  // namespace
}  // namespace cermet
