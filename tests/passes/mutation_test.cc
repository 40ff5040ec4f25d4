// The differential test is worth what it catches.
#include <gtest/gtest.h>

#include "tests/passes/mutants.h"

namespace cermet::testing {
namespace {

constexpr uint64_t graphs = 1000;

class Mutation : public ::testing::TestWithParam<Mutant> {};

TEST_P(Mutation, IsCaughtByRandomGraphs) {
  for (uint64_t seed = 1; seed <= graphs; ++seed) {
    const Comparison comparison =
        compare(random_model(seed), [](Graph& graph) { optimise_wrongly(GetParam(), graph); });
    if (comparison.outcome != Outcome::differs) continue;
    RecordProperty("caught_by_seed", static_cast<int>(seed));
    RecordProperty("difference", comparison.reason);
    return;
  }
  FAIL() << GetParam().name << ": not noticed in " << graphs << " graphs";
}

std::string test_name(const ::testing::TestParamInfo<Mutant>& info) {
  std::string name(info.param.name);
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Broken, Mutation, ::testing::ValuesIn(mutants().begin(), mutants().end()),
                         test_name);

// Shrinking keeps the fault and little else.
TEST(Shrink, FindsTheNodeAtFault) {
  const auto& mutant = *std::find_if(mutants().begin(), mutants().end(),
                                     [](const Mutant& m) { return m.name == "Relu eliminated"; });
  const auto fails = [&](const RandomModel& model) {
    return compare(model, [&](Graph& graph) { optimise_wrongly(mutant, graph); }).outcome ==
           Outcome::differs;
  };
  int shrunk = 0;
  for (uint64_t seed = 1; seed <= graphs && shrunk < 5; ++seed) {
    RandomModel model = random_model(seed);
    if (!fails(model) || model.graph.order().size() < 6) continue;
    const RandomModel small = shrink(model, fails);
    EXPECT_TRUE(fails(small)) << "seed " << seed;
    EXPECT_LE(small.graph.order().size(), 3u) << "seed " << seed << "\n" << print(small.graph);
    ++shrunk;
  }
  EXPECT_EQ(shrunk, 5);
}

}  // namespace
}  // namespace cermet::testing
