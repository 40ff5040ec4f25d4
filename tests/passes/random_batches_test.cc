// Random models whose items are said to be independent: each gives alone what all give together.
#include <gtest/gtest.h>

#include <map>

#include "base/error.h"
#include "lower/lower.h"
#include "tactics/batch_items.h"
#include "tests/support/random_models/random_model.h"

namespace cermet::testing {
namespace {

Graph with_one_output(const RandomModel& model, ValueId output) {
  Graph graph = model.graph;
  graph.clear_outputs();
  graph.add_output(output);
  remove_dead_nodes(graph);
  optimise_fully(graph);
  return graph;
}

TEST(RandomBatches, ItemsThatKeepApartGiveTheSameAlone) {
  int passed = 0, mixing = 0;
  std::map<std::string, int> operators;
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    const RandomModel model = random_batch_model(seed);
    for (ValueId output : model.graph.outputs()) {
      const Graph graph = with_one_output(model, output);
      const Plan plan = lower(graph);
      if (mixes_items(plan, "N")) {
        ++mixing;
        continue;
      }
      const auto engine = engine_of(graph);
      std::vector<Value> whole;
      try {
        whole = run_engine(engine, model.inputs);
      } catch (const Error&) {
        continue;  // an index outside its tensor, say
      }
      const auto alone = run_item_by_item(engine, model.inputs);
      ASSERT_EQ(difference(whole[0], alone[0], 1e-6, 1e-9), std::nullopt) << "seed " << seed << "\n"
                                                                          << print(graph);
      ++passed;
      for (const Step& step : plan.root.steps) ++operators[step.problem.op];
    }
  }
  EXPECT_GE(passed, 300);
  EXPECT_GE(mixing, 300);
  EXPECT_GE(operators.size(), 15u);
}

}  // namespace
}  // namespace cermet::testing
