#include "tests/ops/operator_case.h"

namespace cermet::testing {
namespace {

const Dim n = sym("N");
const Dim s = sym("S");
const Dim p = sym("P");

TEST(Matrix, ProductsBroadcastAndPromoteVectors) {
  const Tensor a = reals({2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(result("MatMul", {a, reals({2}, {1, 1})}), "[2]: 3 7");
  EXPECT_EQ(result("MatMul", {reals({2}, {1, 1}), a}), "[2]: 4 6");
  EXPECT_EQ(result("MatMul", {reals({2}, {1, 1}), reals({2}, {2, 3})}), "[]: 5");
  EXPECT_EQ(result("MatMul", {a, reals({2, 2, 1}, {1, 0, 0, 1})}), "[2, 2, 1]: 1 3 2 4");
  EXPECT_EQ(result("MatMul", {reals({2, 0}, {}), reals({0, 1}, {})}), "[2, 1]: 0 0");
  EXPECT_EQ(result("MatMul", {ints({1, 1}, {-3}), ints({1, 1}, {5})}), "[1, 1]: -15");
  EXPECT_THROW(result("MatMul", {a, reals({3}, {1, 1, 1})}), Error);
  EXPECT_THROW(result("MatMul", {a, reals({}, {1})}), Error);
}

TEST(Matrix, InfersProducts) {
  EXPECT_EQ(inferred("MatMul", {floats({n, s, 4}), floats({4, 5})}), "float32[N, S, 5]");
  EXPECT_EQ(inferred("MatMul", {floats({n, s}), typed(ElementType::float32, std::nullopt)}),
            "float32[?]");
  EXPECT_EQ(inferred("Gemm", {floats({4, n}), floats({4, 5})}, with({{"transA", int64_t{1}}})),
            "float32[N, 5]");
  EXPECT_THROW(inferred("Gemm", {floats({n, 3}), floats({4, 5})}), Error);
  EXPECT_THROW(inferred("Gemm", {floats({n, 4}), floats({4, 5}), floats({4})}), Error);
}

TEST(Matrix, GemmScalesAndAdds) {
  const Attributes attributes = with({{"alpha", 0.5}, {"beta", 2.0}, {"transB", int64_t{1}}});
  EXPECT_EQ(
      result("Gemm", {reals({1, 2}, {2, 4}), reals({3, 2}, {1, 0, 0, 1, 1, 1}), reals({1}, {1})},
             attributes),
      "[1, 3]: 3 4 5");
}

TEST(Matrix, EinsumFollowsItsEquation) {
  const Tensor a = reals({2, 2}, {1, 2, 3, 4});
  const auto einsum = [&](const char* equation, const std::vector<std::optional<Value>>& inputs) {
    return result("Einsum", inputs, with({{"equation", std::string(equation)}}));
  };
  EXPECT_EQ(einsum("ij->ji", {a}), "[2, 2]: 1 3 2 4");
  EXPECT_EQ(einsum("ii", {a}), "[]: 5");
  EXPECT_EQ(einsum("i...->...", {a}), "[2]: 4 6");
  EXPECT_EQ(einsum("ij, jk", {a, a}), "[2, 2]: 7 10 15 22");
  EXPECT_EQ(einsum("...j,j->...", {a, reals({2}, {1, 10})}), "[2]: 21 43");
  for (const char* wrong : {"ij->k", "i", "ij->ii", "i1", "......", "ij,jk"})
    EXPECT_THROW(einsum(wrong, {a}), Error) << wrong;
  EXPECT_EQ(inferred("Einsum", {floats({n, 3}), floats({3, s})},
                     with({{"equation", std::string("ab,bc->ca")}})),
            "float32[S, N]");
}

TEST(Matrix, DeterminantsPivot) {
  EXPECT_EQ(result("Det", {reals({2, 2, 2}, {0, 1, 1, 0, 1, 2, 2, 4})}), "[2]: -1 0");
  EXPECT_THROW(result("Det", {reals({1, 2}, {0, 1})}), Error);
}

TEST(Attention, InfersCacheSizes) {
  const auto past = floats({n, 2, p, 4});
  EXPECT_EQ(
      inferred("Attention",
               {floats({n, s, 8}), floats({n, s, 8}), floats({n, s, 8}), std::nullopt, past, past},
               with({{"q_num_heads", int64_t{2}}, {"kv_num_heads", int64_t{2}}}), 3),
      "float32[N, S, 8]; float32[N, 2, P+S, 4]; float32[N, 2, P+S, 4]");
  EXPECT_THROW(
      inferred("Attention", {floats({1, 3, 2, 4}), floats({1, 2, 2, 4}), floats({1, 2, 2, 4})}),
      Error);
  EXPECT_THROW(inferred("Attention", {floats({1, 3, 8}), floats({1, 2, 8}), floats({1, 2, 8})}),
               Error);
}

TEST(Attention, MasksAndShortMasks) {
  const Tensor q = reals({1, 1, 2, 1}, {0, 0});
  const Tensor v = reals({1, 1, 3, 1}, {2, 4, 9});
  const Tensor k = reals({1, 1, 3, 1}, {1, 1, 1});
  EXPECT_EQ(result("Attention", {q, k, v}), "[1, 1, 2, 1]: 5 5");
  EXPECT_EQ(result("Attention", {q, k, v}, with({{"is_causal", int64_t{1}}})), "[1, 1, 2, 1]: 2 3");
  EXPECT_EQ(result("Attention", {q, k, v, reals({1, 2}, {0, 0})}), "[1, 1, 2, 1]: 3 3");
  EXPECT_EQ(result("Attention", {q, k, v, std::nullopt, std::nullopt, std::nullopt, ints({1})}),
            "[1, 1, 2, 1]: 2 2");
  EXPECT_THROW(result("Attention", {q, k, v, reals({3, 3}, std::vector<float>(9))}), Error);
}

TEST(Matrix, RotaryEmbeddingRefusesPositionsOutsideTheCache) {
  const Tensor x = reals({1, 1, 1, 2}, {3, 4});
  const Tensor cosines = reals({2, 1}, {1, 0});
  const Tensor sines = reals({2, 1}, {0, 1});
  EXPECT_EQ(result("RotaryEmbedding", {x, cosines, sines, ints({1, 1}, {1})}),
            "[1, 1, 1, 2]: -4 3");
  for (const int64_t position : {-1, 2})
    EXPECT_THROW(result("RotaryEmbedding", {x, cosines, sines, ints({1, 1}, {position})}), Error);
}

}  // namespace
}  // namespace cermet::testing
