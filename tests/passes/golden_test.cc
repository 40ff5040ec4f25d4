// Every pass: what it makes of a graph, that it can be skipped, what it leaves alone, and that
// results stay.
#include "tests/support/golden.h"

#include <gtest/gtest.h>

#include "tests/passes/pass_cases.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

Graph graph_of(const PassCase& what) {
  Graph graph;
  GraphMaker maker(graph);
  what.build(maker);
  verify(graph);
  return graph;
}

// The graph's text without dead values, as every run of the driver leaves it.
std::string text_of(Graph graph) {
  graph.compact();
  return print(graph);
}

std::vector<Value> inputs_for(const Graph& graph) {
  std::vector<Value> inputs;
  for (ValueId id : graph.inputs()) {
    Shape shape;
    for (const Dim& dim : *graph.type(id).dims)
      shape.push_back(dim.is_constant() ? dim.constant() : 3);
    inputs.emplace_back(ramp(graph.type(id).element, shape));
  }
  return inputs;
}

std::string test_name(const ::testing::TestParamInfo<PassCase>& info) {
  std::string name = std::string(info.param.pass) + "_" + std::string(info.param.name);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

class Firing : public ::testing::TestWithParam<PassCase> {};

TEST_P(Firing, RewritesAsTheGoldenFileSays) {
  const Graph before = graph_of(GetParam());
  const Graph after = after_pass(before, GetParam().pass);
  EXPECT_NE(text_of(before), print(after));
  expect_golden(fmt::format("passes/{}.{}.txt", GetParam().pass, GetParam().name),
                fmt::format("before:\n{}after:\n{}", text_of(before), print(after)));
}

TEST_P(Firing, IsLeftAloneWhenThePassIsSkipped) {
  const Graph before = graph_of(GetParam());
  PassOptions options;
  options.all = false;
  options.only = {std::string(GetParam().pass)};
  options.skip = options.only;
  options.costs = &costs_by_steps();
  EXPECT_EQ(print(optimised(before, options)), text_of(before));
}

TEST_P(Firing, GivesWhatItGaveBefore) {
  const Graph before = graph_of(GetParam());
  const std::vector<Value> inputs = inputs_for(before);
  const std::vector<Value> expected = interpret(before, inputs);
  const std::pair<const char*, Graph> variants[] = {
      {"as it is", before},
      {"after the pass", after_pass(before, GetParam().pass)},
      {"after all passes", optimised(before)}};
  for (const auto& [how, graph] : variants) {
    const std::vector<Value> got = run_graph(graph, inputs);
    for (size_t i = 0; i < expected.size(); ++i)
      EXPECT_EQ(difference(expected[i], got[i], 1e-6, 1e-6).value_or(""), "") << how;
  }
}

INSTANTIATE_TEST_SUITE_P(Passes, Firing,
                         ::testing::ValuesIn(firing_cases().begin(), firing_cases().end()),
                         test_name);

class Quiet : public ::testing::TestWithParam<PassCase> {};

TEST_P(Quiet, IsLeftAlone) {
  const Graph before = graph_of(GetParam());
  EXPECT_EQ(print(after_pass(before, GetParam().pass)), text_of(before));
}

INSTANTIATE_TEST_SUITE_P(Patterns, Firing,
                         ::testing::ValuesIn(firing_patterns().begin(), firing_patterns().end()),
                         test_name);

INSTANTIATE_TEST_SUITE_P(Eliminations, Firing,
                         ::testing::ValuesIn(firing_eliminations().begin(),
                                             firing_eliminations().end()),
                         test_name);

INSTANTIATE_TEST_SUITE_P(OnDevices, Firing,
                         ::testing::ValuesIn(firing_on_devices().begin(),
                                             firing_on_devices().end()),
                         test_name);

INSTANTIATE_TEST_SUITE_P(OnDevices, Quiet,
                         ::testing::ValuesIn(quiet_on_devices().begin(), quiet_on_devices().end()),
                         test_name);

INSTANTIATE_TEST_SUITE_P(Siblings, Firing,
                         ::testing::ValuesIn(firing_siblings().begin(), firing_siblings().end()),
                         test_name);

INSTANTIATE_TEST_SUITE_P(Siblings, Quiet,
                         ::testing::ValuesIn(quiet_siblings().begin(), quiet_siblings().end()),
                         test_name);

INSTANTIATE_TEST_SUITE_P(Control, Firing,
                         ::testing::ValuesIn(firing_control().begin(), firing_control().end()),
                         test_name);

INSTANTIATE_TEST_SUITE_P(Attention, Firing,
                         ::testing::ValuesIn(firing_attention().begin(), firing_attention().end()),
                         test_name);

INSTANTIATE_TEST_SUITE_P(Attention, Quiet,
                         ::testing::ValuesIn(quiet_attention().begin(), quiet_attention().end()),
                         test_name);

INSTANTIATE_TEST_SUITE_P(Transposes, Firing,
                         ::testing::ValuesIn(firing_transposes().begin(),
                                             firing_transposes().end()),
                         test_name);

INSTANTIATE_TEST_SUITE_P(Transposes, Quiet,
                         ::testing::ValuesIn(quiet_transposes().begin(), quiet_transposes().end()),
                         test_name);

INSTANTIATE_TEST_SUITE_P(Heads, Firing,
                         ::testing::ValuesIn(firing_heads().begin(), firing_heads().end()),
                         test_name);

INSTANTIATE_TEST_SUITE_P(Heads, Quiet,
                         ::testing::ValuesIn(quiet_heads().begin(), quiet_heads().end()),
                         test_name);

INSTANTIATE_TEST_SUITE_P(Folds, Firing,
                         ::testing::ValuesIn(firing_folds().begin(), firing_folds().end()),
                         test_name);

INSTANTIATE_TEST_SUITE_P(Passes, Quiet,
                         ::testing::ValuesIn(quiet_cases().begin(), quiet_cases().end()),
                         test_name);

INSTANTIATE_TEST_SUITE_P(Patterns, Quiet,
                         ::testing::ValuesIn(quiet_patterns().begin(), quiet_patterns().end()),
                         test_name);

INSTANTIATE_TEST_SUITE_P(Eliminations, Quiet,
                         ::testing::ValuesIn(quiet_eliminations().begin(),
                                             quiet_eliminations().end()),
                         test_name);

INSTANTIATE_TEST_SUITE_P(Control, Quiet,
                         ::testing::ValuesIn(quiet_control().begin(), quiet_control().end()),
                         test_name);

INSTANTIATE_TEST_SUITE_P(Folds, Quiet,
                         ::testing::ValuesIn(quiet_folds().begin(), quiet_folds().end()),
                         test_name);

bool has_case(std::string_view pass, std::initializer_list<std::span<const PassCase>> lists) {
  for (const auto& list : lists)
    for (const PassCase& what : list)
      if (what.pass == pass) return true;
  return false;
}

TEST(Passes, AllHaveCases) {
  for (const Pass& pass : all_passes()) {
    EXPECT_TRUE(has_case(pass.name, {firing_cases(), firing_folds(), firing_patterns(),
                                     firing_eliminations(), firing_siblings(), firing_control(),
                                     firing_on_devices(), firing_transposes(), firing_heads()}))
        << pass.name;
    EXPECT_TRUE(has_case(pass.name, {quiet_cases(), quiet_folds(), quiet_patterns(),
                                     quiet_eliminations(), quiet_siblings(), quiet_control(),
                                     quiet_on_devices(), quiet_transposes(), quiet_heads()}))
        << pass.name;
  }
}

}  // namespace
}  // namespace cermet::testing
