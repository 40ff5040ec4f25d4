// The search for what makes results wrong, with passes and tactics that are wrong on purpose.
#include "builder/bisect.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "backends/cpu/build/tactics.h"
#include "base/error.h"
#include "builder/difference.h"
#include "lower/lower.h"
#include "tests/passes/mutants.h"
#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

const Mutant& mutant(std::string_view name) {
  return *std::ranges::find(mutants(), name, &Mutant::name);
}

// Right passes with the wrong one after the first `before` of them.
std::vector<Pass> passes_with(const Mutant& wrong, size_t before) {
  std::vector<Pass> passes(all_passes().begin(), all_passes().end());
  passes.insert(passes.begin() + static_cast<std::ptrdiff_t>(before), {wrong.name, wrong.find});
  return passes;
}

struct Case {
  Graph graph;
  std::vector<Value> inputs;
  std::vector<std::string> tried = {};

  BisectReport bisect(std::span<const Pass> passes,
                      std::span<const Tactic> tactics = cpu::tactics(),
                      const std::shared_ptr<const Engine>& in_slices = nullptr) {
    BisectOptions options;
    options.inputs = [this](const Engine&) { return inputs; };
    options.progress = [this](std::string_view what) { tried.emplace_back(what); };
    const Plugins plugins(std::vector<std::string>{});
    return cermet::bisect(graph, {passes, tactics, plugins, [=] { return in_slices; }}, options);
  }
};

// A chain with a Relu in the middle, and patches of several passes on both sides of it.
Case chain() {
  Case made;
  GraphMaker m(made.graph);
  ValueId x = m.input("x", "float32[4]");
  for (const char* op : {"Identity", "Tanh", "Identity", "Relu", "Identity", "Softmax", "Identity",
                         "Sigmoid", "Exp"})
    x = m.add(op, {x});
  m.output(x);
  made.inputs = {Value(reals({4}, {-1, 2, -3, 4}))};
  return made;
}

TEST(Bisect, FindsSlicesThatMixTheItemsOfABatch) {
  Case it;
  const auto sums_in = [](Graph& graph, std::string_view type) {
    GraphMaker m(graph);
    m.output(m.add("CumSum", {m.input("x", type), m.constant("axis", ints({}, {0}))}));
  };
  sums_in(it.graph, "float32[4, 2]");
  it.inputs = {Value(reals({4, 2}, {1, 2, 3, 4, 5, 6, 7, 8}))};
  Graph slice;
  sums_in(slice, "float32[1, 2]");
  Plan plan = lower(slice);
  plan.batch = 4;
  const BisectReport report = it.bisect(all_passes(), cpu::tactics(), engine_of(std::move(plan)));
  EXPECT_EQ(report.fault, BisectReport::Fault::patch);
  EXPECT_EQ(report.pass, "slice-batch");
  EXPECT_NE(report.difference.find("expected 20, got 8"), std::string::npos) << report.difference;
}

TEST(Bisect, FindsAWrongPatchWhereverItsPassIs) {
  for (size_t before = 0; before <= all_passes().size(); before += 3) {
    Case it = chain();
    const auto passes = passes_with(mutant("Relu eliminated"), before);
    const BisectReport report = it.bisect(passes);
    SCOPED_TRACE(fmt::format("{} passes before it: {}", before, fmt::join(it.tried, "; ")));
    const auto in_front = all_passes().first(before);
    if (std::ranges::find(in_front, "fuse-pointwise", &Pass::name) != in_front.end()) {
      // A pass in front had made the Relu part of a fused node.
      EXPECT_EQ(report.fault, BisectReport::Fault::none);
      continue;
    }
    ASSERT_EQ(report.fault, BisectReport::Fault::patch);
    EXPECT_EQ(report.pass, "Relu eliminated");
    EXPECT_EQ(report.patch, 1);
    ASSERT_EQ(report.before.size(), 1u);
    EXPECT_TRUE(report.before[0].starts_with("Relu")) << report.before[0];
    EXPECT_TRUE(report.after.empty());
    EXPECT_NE(report.difference.find("expected"), std::string::npos) << report.difference;
    EXPECT_GT(report.patches, report.patch);
  }
}

TEST(Bisect, FindsTheSecondPatchWhenTheFirstDoesNoHarm) {
  Case it;
  GraphMaker m(it.graph);
  ValueId x = m.input("x", "float32[2]");
  // The first Relu sees nothing negative.
  for (const char* op : {"Exp", "Relu", "Log", "Relu", "Softmax"}) x = m.add(op, {x});
  m.output(x);
  it.inputs = {Value(reals({2}, {-1, 2}))};
  const BisectReport report = it.bisect(passes_with(mutant("Relu eliminated"), 0));
  ASSERT_EQ(report.fault, BisectReport::Fault::patch);
  EXPECT_EQ(report.pass, "Relu eliminated");
  EXPECT_EQ(report.patch, 2);
}

// Whatever mutant changes a random model's result is found by its name.
TEST(Bisect, FindsMutantsInRandomModels) {
  for (const Mutant& wrong : mutants()) {
    if (wrong.find == nullptr || wrong.name.starts_with("random")) continue;
    int found = 0;
    for (uint64_t seed = 1; seed <= 1500 && found < 2; ++seed) {
      RandomModel model = random_model(seed);
      const auto spoil = [&](Graph& graph) { optimise_wrongly(wrong, graph); };
      const Comparison comparison = compare(model, spoil);
      if (comparison.outcome != Outcome::differs) continue;
      Case it{model.graph, model.inputs};
      BisectReport report;
      try {
        report = it.bisect(passes_with(wrong, 0));
      } catch (const Error& error) {
        if (error.code() == ErrorCode::unsupported) continue;  // the model draws random numbers
        throw;
      }
      // A difference below the tolerance is none for the search.
      if (report.fault == BisectReport::Fault::none || report.pass.empty()) continue;
      EXPECT_EQ(report.pass, wrong.name) << "seed " << seed << ": " << report.difference;
      ++found;
    }
    EXPECT_GT(found, 0) << wrong.name;
  }
}

TEST(Bisect, SaysWhenNothingDiffers) {
  Case it = chain();
  const BisectReport report = it.bisect(all_passes());
  EXPECT_EQ(report.fault, BisectReport::Fault::none);
  EXPECT_EQ(report.difference, "");
  EXPECT_GT(report.patches, 0);
  EXPECT_GT(report.steps, 0u);
}

// A tactic of the kernel cpu.movement that computes another Transpose than it was asked for.
void change_order(Plan&, Step& step) {
  auto order = step.problem.attributes.integers("perm");
  std::swap(order[0], order[1]);
  step.problem.attributes.set("perm", order);
}

TEST(Bisect, FindsAWrongKernel) {
  std::vector<Tactic> tactics(cpu::tactics().begin(), cpu::tactics().end());
  Tactic wrong = *std::ranges::find(tactics, "cpu.movement", &Tactic::name);
  wrong.rejects = [](const TacticQuery& query) -> std::optional<std::string> {
    if (query.step->origin == std::vector<std::string>{"Transpose2"}) return std::nullopt;
    return "not the step to spoil";
  };
  wrong.prepare = change_order;
  tactics.insert(tactics.begin(), wrong);
  Case it;
  GraphMaker m(it.graph);
  ValueId x = m.input("x", "float32[2, 2, 2]");
  const auto order = attributes({{"perm", std::vector<int64_t>{0, 2, 1}}});
  for (const char* op :
       {"Transpose", "LpNormalization", "Transpose", "LpNormalization", "Transpose"})
    x = m.add(op, {x}, std::string_view(op) == "Transpose" ? order : Attributes());
  m.output(x);
  it.inputs = {Value(reals({2, 2, 2}, {1, -2, 3, 5, -1, 4, 2, 0}))};
  EXPECT_EQ(it.bisect(all_passes()).fault, BisectReport::Fault::none);
  const BisectReport report = it.bisect(all_passes(), tactics);
  ASSERT_EQ(report.fault, BisectReport::Fault::tactic);
  EXPECT_EQ(report.nodes, std::vector<std::string>{"Transpose2"});
  EXPECT_EQ(report.tactic, "cpu.movement");
  EXPECT_NE(report.difference, "");
}

TEST(Bisect, RefusesModelsThatDrawRandomNumbers) {
  Case it;
  GraphMaker m(it.graph);
  m.output(m.add("RandomUniform", {}, attributes({{"shape", std::vector<int64_t>{4}}})));
  try {
    it.bisect(all_passes());
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_NE(std::string(error.what()).find("random numbers"), std::string::npos);
  }
}

TEST(Difference, ToleratesAPartOfTheLargestNumber) {
  const Value expected(reals({3}, {100, 1, 0}));
  EXPECT_FALSE(difference(expected, Value(reals({3}, {100, 1.05f, 0.05f})), 1e-3));
  const auto found = difference(expected, Value(reals({3}, {100, 1.2f, 0.5f})), 1e-3);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, "element [2]: expected 0, got 0.5; 2 of 3 elements depart");
  EXPECT_TRUE(difference(expected, Value(reals({1, 3}, {100, 1, 0})), 1e-3));
  EXPECT_TRUE(difference(Value(ints({1, 2})), Value(ints({1, 3})), 1));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(difference(Value(reals({1}, {nan})), Value(reals({1}, {nan})), 0));
  EXPECT_TRUE(difference(Value(reals({1}, {nan})), Value(reals({1}, {1})), 1));
  EXPECT_TRUE(difference(Value(reals({1}, {1})), Value(reals({1}, {nan})), 1));
}

}  // namespace
}  // namespace cermet::testing
