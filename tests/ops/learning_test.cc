#include <cmath>

#include "ops/learning/post_transform.ref.h"
#include "tests/ops/operator_case.h"

namespace cermet::testing {
namespace {

using Integers = std::vector<int64_t>;
using Reals = std::vector<double>;
using Texts = std::vector<std::string>;

std::vector<Value> learned(std::string_view name, const std::vector<std::optional<Value>>& inputs,
                           const Attributes& attributes, size_t outputs = 1) {
  return evaluate(*find_operator("ai.onnx.ml", name), attributes, inputs, outputs);
}

Reals numbers(const Value& value) { return load_all<double>(value.tensor.view()); }

TEST(Learning, LossesWeighAndIgnore) {
  const Tensor scores = reals({2, 2}, {-1, -2, -3, -4});
  EXPECT_EQ(result("NegativeLogLikelihoodLoss", {scores, ints({0, 1})}), "[]: 2.5");
  EXPECT_EQ(result("NegativeLogLikelihoodLoss", {scores, ints({0, 1}), reals({2}, {1, 3})}),
            "[]: 3.25");
  EXPECT_EQ(result("NegativeLogLikelihoodLoss", {scores, ints({0, -1})},
                   with({{"ignore_index", int64_t{-1}}})),
            "[]: 1");
  EXPECT_EQ(result("SoftmaxCrossEntropyLoss", {reals({1, 2}, {5, 5}), ints({1})},
                   with({{"reduction", std::string("none")}})),
            "[1]: 0.693147");
  EXPECT_THROW(result("NegativeLogLikelihoodLoss", {scores, ints({0, 2})}), Error);
  EXPECT_THROW(result("NegativeLogLikelihoodLoss", {scores, ints({0})}), Error);
}

TEST(Learning, LabelEncoderFindsNotANumber) {
  const Attributes attributes = with({{"keys_floats", Reals{1, std::nan(""), 1}},
                                      {"values_int64s", Integers{4, 5, 6}},
                                      {"default_int64", int64_t{9}}});
  const auto found = learned("LabelEncoder", {reals({3}, {std::nanf(""), 1, 2})}, attributes)[0];
  EXPECT_EQ(numbers(found), (Reals{5, 6, 9}));
  EXPECT_THROW(learned("LabelEncoder", {reals({1}, {1})},
                       with({{"keys_floats", Reals{1}}, {"values_int64s", Integers{}}})),
               Error);
}

// One split of feature 0 at 0: below -1, otherwise 2.
Attributes stump() {
  return with({{"nodes_treeids", Integers{0, 0, 0}},
               {"nodes_nodeids", Integers{0, 1, 2}},
               {"nodes_featureids", Integers{0, 0, 0}},
               {"nodes_modes", Texts{"BRANCH_LT", "LEAF", "LEAF"}},
               {"nodes_values", Reals{0, 0, 0}},
               {"nodes_truenodeids", Integers{1, 0, 0}},
               {"nodes_falsenodeids", Integers{2, 0, 0}},
               {"target_treeids", Integers{0, 0}},
               {"target_nodeids", Integers{1, 2}},
               {"target_ids", Integers{0, 0}},
               {"target_weights", Reals{-1, 2}}});
}

TEST(Learning, TreesWalkToTheirLeaves) {
  const Tensor x = reals({3, 1}, {-1, 1, std::nanf("")});
  EXPECT_EQ(numbers(learned("TreeEnsembleRegressor", {x}, stump())[0]), (Reals{-1, 2, 2}));
}

TEST(Learning, HostileTreesAreRefused) {
  const Tensor x = reals({1, 1}, {-1});
  const auto refused = [&](const char* name, Attribute value) {
    Attributes attributes = stump();
    attributes.set(name, std::move(value));
    EXPECT_THROW(learned("TreeEnsembleRegressor", {x}, attributes), Error) << name;
  };
  refused("nodes_truenodeids", Integers{0, 0, 0});  // a cycle
  refused("nodes_truenodeids", Integers{7, 0, 0});
  refused("nodes_truenodeids", Integers{1});
  refused("nodes_featureids", Integers{1, 0, 0});
  refused("nodes_featureids", Integers{-1, 0, 0});
  refused("nodes_modes", Texts{"BRANCH_UP", "LEAF", "LEAF"});
  refused("target_ids", Integers{0, 1});
  refused("target_nodeids", Integers{0, 2});
  refused("nodes_nodeids", Integers{0, 1, 1});
}

TEST(Learning, QuantilesInvertTheNormalDistribution) {
  EXPECT_DOUBLE_EQ(probit(0.5), 0);
  EXPECT_NEAR(probit(0.975), 1.959963984540054, 1e-12);
  EXPECT_NEAR(probit(1e-10), -6.361340902404056, 1e-9);
  EXPECT_TRUE(std::isinf(probit(0)));
  EXPECT_TRUE(std::isnan(probit(2)));
}

}  // namespace
}  // namespace cermet::testing
