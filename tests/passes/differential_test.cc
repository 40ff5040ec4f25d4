// Random graphs, optimised and not: both give the same. CERMET_RANDOM_GRAPHS sets how many,
// CERMET_RANDOM_SEED the first seed.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/support/random_models/random_model.h"

namespace cermet::testing {
namespace {

uint64_t number_from(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string report(uint64_t seed, const RandomModel& model, const Comparison& comparison,
                   Kernels kernels) {
  // Wrong numbers stay wrong numbers, errors errors.
  const auto is_number = [](const Comparison& c) { return c.reason.starts_with("output "); };
  const auto fails = [&](const RandomModel& candidate) {
    const Comparison now = compare(candidate, optimise_fully, kernels);
    return now.outcome == Outcome::differs && is_number(now) == is_number(comparison);
  };
  const RandomModel small = shrink(model, fails);
  Graph optimised = small.graph;
  std::string after;
  try {
    optimise_fully(optimised);
    after = print(optimised);
  } catch (const Error& error) {
    after = error.message();
  }
  return fmt::format("seed {}: {}\nthe smallest that fails ({}):\n{}optimised:\n{}", seed,
                     comparison.reason, compare(small, optimise_fully, kernels).reason,
                     print(small.graph), after);
}

void compare_all(uint64_t count, Kernels kernels) {
  const uint64_t first = number_from("CERMET_RANDOM_SEED", 1);
  uint64_t idle = 0, failed = 0;
  for (uint64_t seed = first; seed < first + count && failed < 5; ++seed) {
    const RandomModel model = random_model(seed);
    const Comparison comparison = compare(model, optimise_fully, kernels);
    idle += comparison.outcome == Outcome::not_runnable;
    if (comparison.outcome != Outcome::differs) continue;
    ++failed;
    ADD_FAILURE() << report(seed, model, comparison, kernels);
  }
  EXPECT_LT(idle, 1 + count / 20) << "models that do not run prove nothing";
}

TEST(Differential, OptimisedGraphsGiveWhatTheyGaveBefore) {
  compare_all(number_from("CERMET_RANDOM_GRAPHS", 1000), Kernels::reference);
}

TEST(Differential, OwnKernelsGiveWhatTheReferenceGives) {
  compare_all(number_from("CERMET_RANDOM_GRAPHS", 1000), Kernels::own);
}

TEST(Differential, KernelsOfABuildGiveWhatTheReferenceGives) {
  compare_all(number_from("CERMET_RANDOM_GRAPHS", 1000), Kernels::any);
}

// A pass or an operator that the models never reach would go untested.
TEST(Differential, ModelsReachEveryPassAndManyOperators) {
  std::map<std::string, int> patches;
  std::set<std::string> operators;
  PassOptions options;
  options.costs = &costs_by_steps();
  for (uint64_t seed = 1; seed <= 1500; ++seed) {
    Graph graph = random_model(seed).graph;
    for (NodeId id : graph.order()) operators.insert(graph.node(id).op);
    for (const PassResult& result : run_passes(graph, options))
      patches[result.name] += result.patches;
  }
  for (const Pass& pass : all_passes()) EXPECT_GE(patches[std::string(pass.name)], 10) << pass.name;
  EXPECT_GE(operators.size(), 90u);
  for (const char* op : {"If", "Loop", "Scan", "RandomUniform", "Conv", "Gemm", "NonZero"})
    EXPECT_TRUE(operators.contains(op)) << op;
}

TEST(Differential, ModelsAreAFunctionOfTheSeed) {
  EXPECT_EQ(print(random_model(7).graph), print(random_model(7).graph));
  EXPECT_NE(print(random_model(7).graph), print(random_model(8).graph));
}

}  // namespace
}  // namespace cermet::testing
