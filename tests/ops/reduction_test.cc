#include <cmath>
#include <limits>

#include "tests/ops/operator_case.h"

namespace cermet::testing {
namespace {

const Dim n = sym("N");

Attributes axis(int64_t value) { return with({{"axis", value}}); }

TEST(Reduction, ReducesAlongAnyAxes) {
  const Tensor x = reals({2, 3}, {1, 2, 3, 4, 5, -6});
  EXPECT_EQ(result("ReduceSum", {x, ints({0})}), "[1, 3]: 5 7 -3");
  EXPECT_EQ(result("ReduceSum", {x, ints({-1})}, with({{"keepdims", int64_t{0}}})), "[2]: 6 3");
  EXPECT_EQ(result("ReduceMean", {x}), "[1, 1]: 1.5");
  EXPECT_EQ(result("ReduceMax", {x, ints({0})}), "[1, 3]: 4 5 3");
  EXPECT_EQ(result("ReduceL1", {x, ints({1})}), "[2, 1]: 6 15");
  EXPECT_EQ(result("ReduceSumSquare", {x, ints({})}, with({{"noop_with_empty_axes", int64_t{1}}})),
            "[2, 3]: 1 4 9 16 25 36");
  EXPECT_EQ(result("ReduceProd", {reals({}, {7})}), "[]: 7");
  EXPECT_THROW(result("ReduceSum", {x, ints({2})}), Error);
}

TEST(Reduction, OfNothingIsTheNeutralElement) {
  const Tensor none = reals({2, 0}, {});
  EXPECT_EQ(result("ReduceSum", {none, ints({1})}), "[2, 1]: 0 0");
  EXPECT_EQ(result("ReduceMax", {none, ints({1})}), "[2, 1]: -inf -inf");
  EXPECT_EQ(result("ReduceLogSumExp", {none, ints({1})}), "[2, 1]: -inf -inf");
  const Tensor bytes(ElementType::int8, {0});
  EXPECT_EQ(result("ReduceMax", {bytes, ints({0})}), "[1]: -128");
  EXPECT_EQ(result("ReduceMin", {bytes, ints({0})}), "[1]: 127");
  EXPECT_EQ(result("ReduceMin", {Tensor(ElementType::uint16, {0}), ints({0})}), "[1]: 65535");
}

TEST(Reduction, NotANumberWins) {
  const float nan = std::nanf("");
  EXPECT_EQ(result("ReduceMax", {reals({3}, {1, nan, 2})}), "[1]: nan");
  EXPECT_EQ(result("ArgMin", {reals({3}, {1, nan, 0})}), "[1]: 1");
  EXPECT_EQ(result("TopK", {reals({3}, {1, nan, 2}), ints({2})}), "[2]: nan 2");
}

TEST(Reduction, InfersSizesAndShapeArithmetic) {
  EXPECT_EQ(inferred("ReduceSum", {floats({n, 3}), known({0})}), "float32[1, 3]");
  EXPECT_EQ(inferred("ReduceSum", {floats({n, 3}), typed(ElementType::int64, Dims{1})},
                     with({{"keepdims", int64_t{0}}})),
            "float32[new0]");
  EXPECT_EQ(inferred("ReduceSum", {typed(ElementType::float32, std::nullopt)}), "float32[?]");
  EXPECT_EQ(inferred("ReduceProd", {known({n, 3}), known({0})}), "int64[1] = [3*N]");
  EXPECT_EQ(inferred("ReduceMax", {known({2, 3})}, with({{"keepdims", int64_t{0}}})),
            "int64[] = [3]");
  EXPECT_EQ(inferred("ArgMax", {floats({n, 3})}, axis(1)), "int64[N, 1]");
  EXPECT_EQ(inferred("TopK", {floats({n, 9}), known({4})}, {}, 2), "float32[N, 4]; int64[N, 4]");
  EXPECT_THROW(inferred("TopK", {floats({n, 3}), known({4})}, {}, 2), Error);
  EXPECT_THROW(inferred("Softmax", {floats({n, 3})}, axis(2)), Error);
}

TEST(Reduction, ArgTakesTheLastOfEqualsWhenAsked) {
  const Tensor x = reals({1, 4}, {2, 5, 5, 1});
  EXPECT_EQ(result("ArgMax", {x}, axis(1)), "[1, 1]: 1");
  EXPECT_EQ(result("ArgMax", {x}, with({{"axis", int64_t{1}}, {"select_last_index", int64_t{1}}})),
            "[1, 1]: 2");
  EXPECT_THROW(result("ArgMax", {reals({0}, {})}), Error);
}

TEST(Reduction, AccumulatesEitherWay) {
  const Tensor x = ints({2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(result("CumSum", {x, ints({}, {1})}), "[2, 3]: 1 3 6 4 9 15");
  EXPECT_EQ(result("CumSum", {x, ints({}, {0})}), "[2, 3]: 1 2 3 5 7 9");
  EXPECT_EQ(result("CumProd", {x, ints({}, {-1})},
                   with({{"reverse", int64_t{1}}, {"exclusive", int64_t{1}}})),
            "[2, 3]: 6 3 1 30 6 1");
}

TEST(Reduction, ChoosesAlongAnInnerAxis) {
  const Tensor x = reals({3, 2}, {1, 6, 3, 4, 2, 5});
  EXPECT_EQ(result("TopK", {x, ints({2})}, axis(0)), "[2, 2]: 3 6 2 5");
  EXPECT_EQ(result("TopK", {x, ints({1})}, with({{"axis", int64_t{0}}, {"largest", int64_t{0}}})),
            "[1, 2]: 1 4");
  EXPECT_EQ(result("TopK", {x, ints({0})}, axis(0)), "[0, 2]:");
}

TEST(Reduction, SoftmaxStandsLargeNumbers) {
  EXPECT_EQ(result("Softmax", {reals({2}, {1000, 1000})}), "[2]: 0.5 0.5");
  EXPECT_EQ(result("Softmax", {reals({2, 1}, {0, 0})}, axis(0)), "[2, 1]: 0.5 0.5");
  EXPECT_EQ(result("LogSoftmax", {reals({2}, {0, -1000})}), "[2]: 0 -1000");
  EXPECT_EQ(result("Hardmax", {reals({3}, {1, 2, 2})}), "[3]: 0 1 0");
}

}  // namespace
}  // namespace cermet::testing
