// Where merging siblings pays: what costs have to do with it.
#include <gtest/gtest.h>

#include "tests/support/graph_maker.h"
#include "tests/support/kernel_case.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

// A product takes `product` and 1 more for each column, a cut `cut`, anything else `step`.
class Prices : public CostOracle {
 public:
  double product = 0, cut = 0, cut_of_output = 0, step = 0;
  bool known = true;
  bool reads_parts = false;

  bool reads_parts_of_rows() const override { return reads_parts; }
  Layout result_layout(const Problem&) const override { return {}; }
  std::optional<double> step_us(const Problem& problem, bool gives_output) const override {
    if (!known) return std::nullopt;
    if (problem.op == "Split") return gives_output ? cut_of_output : cut;
    if (problem.kind != ProblemKind::matmul) return step;
    return product + static_cast<double>(problem.outputs[0]->type.dims->back().constant());
  }
};

struct Tails {
  bool outputs = false;    // the products are outputs of the graph
  bool activated = false;  // an elementwise node follows one of them
};

Graph two_products(const Tails& tails) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[2, 4]");
  for (const bool second : {false, true}) {
    const Tensor weights =
        second ? Tensor(ElementType::float32, {4, 10}) : ramp(ElementType::float32, {4, 10});
    ValueId y = m.add("MatMul", {x, m.constant("w", weights)});
    if (tails.activated && second) y = m.add("Tanh", {y});
    m.output(tails.outputs ? y : m.add("Softmax", {y}));
  }
  return graph;
}

struct Outcome {
  int patches = 0;
  std::vector<std::string> near;
};

Outcome outcome_of(Graph graph, const CostOracle* costs) {
  std::vector<NearFusion> near;
  PassOptions options;
  options.verify = true;
  options.costs = costs;
  options.near_fusions = &near;
  Outcome outcome;
  for (const PassResult& result : run_passes(graph, options))
    if (result.name == "merge-siblings") outcome.patches = result.patches;
  for (const NearFusion& fusion : near)
    if (fusion.pass == "merge-siblings")
      outcome.near.push_back(fmt::format("{}: {}", fmt::join(fusion.nodes, " "), fusion.condition));
  return outcome;
}

TEST(MergeSiblings, MergesWhereOneCostsLess) {
  Prices prices;
  prices.product = 10;  // 20 and 20 against 30
  EXPECT_EQ(outcome_of(two_products({}), &prices).patches, 1);
  prices.cut = 5;
  EXPECT_EQ(outcome_of(two_products({}), &prices).patches, 1);
  prices.cut = 12;
  EXPECT_EQ(outcome_of(two_products({}), &prices).patches, 0);
}

// Estimates are rough: a gain of less than 3 % is none.
TEST(MergeSiblings, LeavesAloneWhatGainsLittle) {
  Prices prices;
  prices.product = 10;
  prices.cut = 9;  // 39 against 40
  EXPECT_EQ(outcome_of(two_products({}), &prices).patches, 0);
}

TEST(MergeSiblings, CountsTheCopyToOutputs) {
  Prices prices;
  prices.product = 10;
  prices.cut_of_output = 12;
  EXPECT_EQ(outcome_of(two_products({}), &prices).patches, 1);
  EXPECT_EQ(outcome_of(two_products({.outputs = true}), &prices).patches, 0);
}

TEST(MergeSiblings, CountsEpiloguesThatWouldBecomeSteps) {
  Prices prices;
  prices.product = 10;
  prices.step = 4;
  EXPECT_EQ(outcome_of(two_products({.activated = true}), &prices).patches, 1);
  prices.step = 9;
  EXPECT_EQ(outcome_of(two_products({.activated = true}), &prices).patches, 0);
}

// Queries, keys and values of one product; `shared`: something else reads the keys.
Graph attention_of_products(bool shared) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[2, 5, 4]");
  std::vector<ValueId> heads;
  for (int i = 0; i < 3; ++i)
    heads.push_back(m.add(
        "MatMul", {x, m.constant("w", random_tensor(ElementType::float32, {4, 10}, -1, 1, i))}));
  m.output(m.add("Attention", heads,
                 attributes({{"q_num_heads", int64_t{2}}, {"kv_num_heads", int64_t{2}}})));
  if (shared) m.output(m.add("Softmax", {heads[1]}));
  return graph;
}

TEST(MergeSiblings, CountsNoCutThatAttentionReadsInPlace) {
  Prices prices;
  prices.product = 10;  // 20 three times against 40
  prices.cut = 30;
  EXPECT_EQ(outcome_of(attention_of_products(false), &prices).patches, 0);
  prices.reads_parts = true;
  EXPECT_EQ(outcome_of(attention_of_products(false), &prices).patches, 1);
  EXPECT_EQ(outcome_of(attention_of_products(true), &prices).patches, 0);
}

TEST(MergeSiblings, DoesNothingWhereNobodyKnowsCosts) {
  EXPECT_EQ(outcome_of(two_products({}), nullptr).patches, 0);
  EXPECT_EQ(outcome_of(two_products({}), nullptr).near, std::vector<std::string>{});
}

TEST(MergeSiblings, TellsWhatMergingWouldHaveCost) {
  Prices prices;
  prices.product = 10;
  prices.step = 9;
  // After all passes the activation is an epilogue, whose cost is told all the same.
  EXPECT_EQ(
      outcome_of(two_products({.activated = true}), &prices).near,
      std::vector<std::string>{"MatMul0 MatMul2 Tanh3: merged, the 2 would cost 39.0 us, apart "
                               "they cost 40.0 us"});
  prices.known = false;
  EXPECT_EQ(outcome_of(two_products({}), &prices).near,
            std::vector<std::string>{
                "MatMul0 MatMul2: what they would cost is not known while building"});
  prices = {};
  prices.product = 10;
  EXPECT_EQ(outcome_of(two_products({}), &prices).near, std::vector<std::string>{});
}

}  // namespace
}  // namespace cermet::testing
