#include "lower/lower.h"

#include <gtest/gtest.h>

#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

const Step& step_named(const Plan& plan, std::string_view name) {
  const Step* found = nullptr;
  for_each_step(plan.root.steps, [&](const Step& step) {
    if (step.name == name) found = &step;
  });
  if (found == nullptr) throw std::runtime_error("no step " + std::string(name));
  return *found;
}

TEST(Lower, NodesBecomeStepsAndValuesBuffers) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[N, 2]");
  const ValueId y = m.add("MatMul", {x, m.constant("w", ramp(ElementType::float32, {2, 3}))});
  m.output(m.add("Relu", {y}));
  const Plan plan = lower(graph);
  ASSERT_EQ(plan.root.steps.size(), 2u);
  const Step& product = plan.root.steps[0];
  EXPECT_EQ(product.problem.kind, ProblemKind::matmul);
  EXPECT_EQ(product.origin, std::vector<std::string>{"MatMul0"});
  EXPECT_EQ(plan.buffer(product.inputs[0]).storage, Storage::input);
  EXPECT_EQ(plan.buffer(product.inputs[1]).storage, Storage::constant);
  EXPECT_EQ(plan.buffer(product.outputs[0]).type.to_string(), "float32[N, 3]");
  EXPECT_EQ(plan.buffer(plan.root.steps[1].outputs[0]).storage, Storage::output);
  EXPECT_EQ(plan.constants.at(0).initializers, std::vector<std::string>{"w"});
  EXPECT_EQ(plan.input_names, std::vector<std::string>{"x"});
}

TEST(Lower, ReshapesAreViewsWithoutASecondOperand) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.add("Relu", {m.input("x", "float32[N, 4]")});
  const ValueId y = m.add("Reshape", {x, m.constant("shape", ints({-1, 2, 2}))});
  m.output(m.add("Neg", {y}));
  const Plan plan = lower(graph);
  const Step& view = step_named(plan, "Reshape1");
  EXPECT_EQ(view.problem.kind, ProblemKind::view);
  EXPECT_EQ(view.inputs.size(), 1u);
  EXPECT_EQ(plan.buffer(view.outputs[0]).alias, view.inputs[0]);
  EXPECT_EQ(plan.root_of(view.outputs[0]), step_named(plan, "Relu0").outputs[0]);
}

TEST(Lower, AReshapeToComputedSizesIsNoView) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[N, 4]"), shape = m.input("shape", "int64[2]");
  m.output(m.add("Reshape", {x, shape}));
  const Step step = lower(graph).root.steps.at(0);
  EXPECT_NE(step.problem.kind, ProblemKind::view);
  EXPECT_EQ(step.inputs.size(), 2u);
}

TEST(Lower, OutputsHaveMemoryOfTheirOwn) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[4]");
  const ValueId c = m.constant("c", reals({2}, {1, 2}));
  const ValueId y = m.add("Relu", {x});
  const ValueId view = m.add("Reshape", {y, m.constant("shape", ints({2, 2}))});
  for (ValueId id : {x, c, y, y, view, view}) m.output(id);
  const Plan plan = lower(graph);
  std::set<BufferId> places;
  for (BufferId id : plan.root.outputs) {
    EXPECT_EQ(plan.buffer(id).storage, Storage::output);
    EXPECT_EQ(plan.buffer(id).alias, no_buffer);
    EXPECT_TRUE(places.insert(id).second);
  }
  const std::vector<Value> inputs{Value(reals({4}, {-1, 2, -3, 4}))};
  const auto expected = interpret(graph, inputs), got = run_graph(graph, inputs);
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_EQ(difference(expected[i], got[i], 0, 0).value_or(""), "") << i;
}

TEST(Lower, BodiesReadCapturedValuesWhereTheyAre) {
  Graph yes, no, graph;
  yes.share_symbols(graph);
  no.share_symbols(graph);
  GraphMaker y(yes), n(no), m(graph);
  y.output(y.add("Neg", {y.input("v", "float32[3]")}));
  n.output(n.add("Exp", {n.input("v", "float32[3]")}));
  const ValueId v = m.add("Relu", {m.input("x", "float32[3]")});
  m.output(m.add_control("If", {m.input("c", "boolean[]"), v}, {yes, no}, 1)[0]);
  const Plan plan = lower(graph);
  const Step& branch = step_named(plan, "If1");
  EXPECT_EQ(branch.problem.kind, ProblemKind::branch);
  ASSERT_EQ(branch.regions.size(), 2u);
  for (const Region& region : branch.regions) {
    EXPECT_EQ(region.inputs, std::vector<BufferId>{branch.inputs[1]});
    EXPECT_EQ(region.steps.at(0).inputs[0], branch.inputs[1]);
  }
}

TEST(Lower, LoopBodiesHaveBuffersForWhatChanges) {
  Graph body, graph;
  body.share_symbols(graph);
  GraphMaker b(body), m(graph);
  b.input("i", "int64[]");
  const ValueId go_on = b.input("c", "boolean[]"), state = b.input("s", "float32[2]");
  const ValueId step = b.input("captured", "float32[2]");
  b.output(go_on);
  b.output(b.add("Add", {state, step}));
  const ValueId s = m.input("s", "float32[2]"), d = m.input("d", "float32[2]");
  const ValueId trips = m.constant("trips", ints({}, {3}));
  m.output(m.add_control("Loop", {trips, no_value, s, d}, {body}, 1,
                         attributes({{"captured", int64_t{1}}}))[0]);
  const Plan plan = lower(graph);
  const Step& loop = step_named(plan, "Loop0");
  const Region& region = loop.regions.at(0);
  ASSERT_EQ(region.inputs.size(), 4u);
  EXPECT_NE(region.inputs[2], loop.inputs[2]);
  EXPECT_EQ(region.inputs[3], loop.inputs[3]);
  EXPECT_EQ(loop.inputs[1], no_buffer);
}

TEST(Lower, ConstantsOfSeveralGraphsAreStoredOnce) {
  const Tensor weights = reals({2}, {1, 2});
  Graph yes, no, graph;
  GraphMaker y(yes), n(no), m(graph);
  y.output(y.add("Add", {y.input("v", "float32[2]"), y.constant("w", weights)}));
  n.output(n.add("Sub", {n.input("v", "float32[2]"), n.constant("w", weights)}));
  m.output(m.add_control("If", {m.input("c", "boolean[]"), m.input("x", "float32[2]")}, {yes, no},
                         1)[0]);
  EXPECT_EQ(lower(graph).constants.size(), 1u);
}

TEST(Lower, EpiloguesAndExpressionsAreTheProblems) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[2, 2]");
  const ValueId y = m.add("MatMul", {x, m.constant("w", ramp(ElementType::float32, {2, 2}))});
  m.output(m.add("Add", {y, x}));
  const Plan plan = lower(optimised(graph));
  ASSERT_EQ(plan.root.steps.size(), 1u);
  EXPECT_EQ(plan.root.steps[0].problem.epilogue_first, 2u);
  EXPECT_EQ(plan.root.steps[0].inputs.size(), 3u);
  EXPECT_FALSE(plan.root.steps[0].problem.expression.empty());
}

}  // namespace
}  // namespace cermet::testing
