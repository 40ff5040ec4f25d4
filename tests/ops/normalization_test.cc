#include "tests/ops/operator_case.h"

namespace cermet::testing {
namespace {

const Dim n = sym("N");
const Attributes exact = with({{"epsilon", 0.0}});

TEST(Normalization, LayerNormalizesRows) {
  const Tensor x = reals({2, 2}, {1, 3, 10, 30});
  EXPECT_EQ(result("LayerNormalization", {x, reals({2}, {1, 2}), reals({2}, {0, 1})}, exact),
            "[2, 2]: -1 3 -1 3");
  EXPECT_EQ(
      inferred("LayerNormalization",
               {typed(ElementType::float16, Dims{n, 4}), typed(ElementType::float16, Dims{4})}, {},
               3),
      "float16[N, 4]; float32[N, 1]; float32[N, 1]");
  EXPECT_THROW(result("LayerNormalization", {x, reals({3}, {1, 2, 3})}), Error);
  EXPECT_EQ(result("LayerNormalization", {reals({0, 2}, {}), reals({2}, {1, 1})}), "[0, 2]:");
}

TEST(Normalization, RootMeanSquareTakesTheScalesType) {
  EXPECT_EQ(result("RMSNormalization", {reals({1, 2}, {1, -1}), reals({1}, {3})}, exact),
            "[1, 2]: 3 -3");
  EXPECT_EQ(inferred("RMSNormalization", {typed(ElementType::float16, Dims{n, 4}), floats({4})}),
            "float32[N, 4]");
}

TEST(Normalization, BatchUsesGivenStatisticsUnlessTraining) {
  const Tensor x = reals({2, 1, 1}, {1, 3});
  const Tensor one = reals({1}, {1});
  const Tensor zero = reals({1}, {0});
  EXPECT_EQ(result("BatchNormalization", {x, one, one, zero, one}, exact), "[2, 1, 1]: 2 4");
  const Attributes training =
      with({{"epsilon", 0.0}, {"training_mode", int64_t{1}}, {"momentum", 0.5}});
  const auto outputs = evaluated("BatchNormalization", {x, one, zero, zero, zero}, training, 3);
  EXPECT_EQ(load_all<double>(outputs[0].tensor.view()), (std::vector<double>{-1, 1}));
  EXPECT_EQ(load_all<double>(outputs[1].tensor.view()), std::vector<double>{1});
  EXPECT_EQ(load_all<double>(outputs[2].tensor.view()), std::vector<double>{0.5});
  EXPECT_THROW(result("BatchNormalization", {x, reals({2}, {1, 1}), one, zero, one}), Error);
}

TEST(Normalization, GroupsDivideTheChannels) {
  const Tensor x = reals({1, 4}, {1, 3, 10, 30});
  const Tensor scale = reals({4}, {1, 1, 2, 2});
  const Tensor bias = reals({4}, {0, 0, 1, 1});
  const auto groups = [](int64_t count) { return with({{"epsilon", 0.0}, {"num_groups", count}}); };
  EXPECT_EQ(result("GroupNormalization", {x, scale, bias}, groups(2)), "[1, 4]: -1 1 -1 3");
  for (const int64_t wrong : {-1, 0, 3})
    EXPECT_THROW(result("GroupNormalization", {x, scale, bias}, groups(wrong)), Error);
}

TEST(Normalization, ZeroNormGivesZero) {
  EXPECT_EQ(result("LpNormalization", {reals({2, 2}, {3, 4, 0, 0})}), "[2, 2]: 0.6 0.8 0 0");
  EXPECT_THROW(result("LpNormalization", {reals({1}, {1})}, with({{"p", int64_t{3}}})), Error);
  EXPECT_THROW(result("LRN", {reals({1, 1}, {1})}, with({{"size", int64_t{0}}})), Error);
}

}  // namespace
}  // namespace cermet::testing
