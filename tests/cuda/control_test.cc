// If, Loop and Scan on the GPU: what they hand on stays there.
#include <gtest/gtest.h>

#include "tests/cuda/device_engine.h"
#include "tests/cuda/driver_calls.h"
#include "tests/cuda/emulated_card.h"
#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

Tensor flag(bool value) {
  Tensor tensor(ElementType::boolean, {});
  store_element<int64_t>(tensor.view(), 0, value ? 1 : 0);
  return tensor;
}

// state = Softmax(state w) as often as `trips` says; the states of all turns too, where `scans`.
Graph loop(bool scans, const char* state = "float32[4, 8]") {
  Graph body;
  GraphMaker inner(body);
  inner.input("i", "int64[]");
  const ValueId go_on = inner.input("go_on", "boolean[]");
  const ValueId x = inner.input("x", state);
  const ValueId w = inner.constant("w", ramp(ElementType::float32, {8, 8}));
  const ValueId y = inner.add("Softmax", {inner.add("MatMul", {x, w})});
  inner.output(go_on);
  inner.output(y);
  if (scans) inner.output(inner.add("Relu", {y}));
  Graph graph;
  GraphMaker m(graph);
  const ValueId trips = m.input("trips", "int64[]");
  const ValueId start = m.input("x", state);
  std::vector<Graph> bodies;
  bodies.push_back(std::move(body));
  const ValueId yes = m.constant("yes", flag(true));
  const auto results = m.add_control("Loop", {trips, yes, start}, std::move(bodies), scans ? 2 : 1);
  m.output(m.add("Relu", {results[0]}));
  if (scans) m.output(results[1]);
  return graph;
}

class Control : public ::testing::Test {
 protected:
  // Runs so often with the inputs as they are that graphs are made and measured.
  void check(const Graph& graph, const std::vector<Value>& inputs) {
    const std::vector<Value> expected = interpret(graph, inputs);
    const auto engine = engine_on_device(optimised(graph), graph);
    const test::FakeCudaSettings late("late=1,order=1");
    for (const std::vector<Value>& results : run_often(engine, inputs, 12))
      for (size_t i = 0; i < expected.size(); ++i)
        ASSERT_EQ(difference(expected[i], results[i], 1e-5, 1e-6).value_or(""), "") << i;
  }

  // Bytes go to the host so often in a run.
  int64_t copies_to_host(const Graph& graph, const std::vector<Value>& inputs) {
    const auto engine = engine_on_device(optimised(graph), graph);
    run_often(engine, inputs, 1);
    const int64_t before = driver_calls("cuMemcpyDtoHAsync_v2");
    run_often(engine, inputs, 1);
    return driver_calls("cuMemcpyDtoHAsync_v2") - before;
  }
};

class EmulatorControl : public Control {};

Tensor trips(int64_t count) { return Tensor::from<int64_t>(ElementType::int64, {}, {count}); }

TEST_F(Control, ALoopGivesWhatItsNodesSay) {
  const Tensor x = ramp(ElementType::float32, {4, 8});
  for (const int64_t count : {0, 1, 5}) {
    check(loop(false), {Value(trips(count)), Value(x)});
    check(loop(true), {Value(trips(count)), Value(x)});
  }
}

TEST_F(EmulatorControl, AStateGoesRoundOnTheDevice) {
  const Tensor x = ramp(ElementType::float32, {4, 8});
  for (const int64_t count : {1, 7})
    EXPECT_EQ(copies_to_host(loop(false), {Value(trips(count)), Value(x)}), 1) << count;
}

// Its state grows, so that places follow from the turn.
TEST_F(Control, AStateMayGrow) {
  Graph body;
  GraphMaker inner(body);
  inner.input("i", "int64[]");
  const ValueId go_on = inner.input("go_on", "boolean[]");
  const ValueId x = inner.input("x", "float32[data.n, 8]");
  const ValueId y = inner.add("Softmax", {x});
  inner.output(go_on);
  inner.output(inner.add("Concat", {y, x}, attributes({{"axis", int64_t{0}}})));
  Graph graph;
  GraphMaker m(graph);
  const ValueId trip_count = m.input("trips", "int64[]");
  const ValueId start = m.input("x", "float32[M, 8]");
  std::vector<Graph> bodies;
  bodies.push_back(std::move(body));
  const ValueId yes = m.constant("yes", flag(true));
  m.output(m.add_control("Loop", {trip_count, yes, start}, std::move(bodies), 1)[0]);
  for (const int64_t count : {0, 1, 4})
    check(graph, {Value(trips(count)), Value(ramp(ElementType::float32, {3, 8}))});
}

// The slices lie along that axis of 0 and 1.
Graph scan(int64_t axis) {
  Graph body;
  GraphMaker inner(body);
  const ValueId state = inner.input("state", "float32[2, 8]");
  const ValueId slice = inner.input("slice", "float32[2, 8]");
  const ValueId w = inner.constant("w", ramp(ElementType::float32, {8, 8}));
  const ValueId next =
      inner.add("Tanh", {inner.add("Add", {inner.add("MatMul", {state, w}), slice})});
  inner.output(next);
  inner.output(inner.add("Relu", {next}));
  Graph graph;
  GraphMaker m(graph);
  const ValueId start = m.input("start", "float32[2, 8]");
  const ValueId slices = m.input("slices", axis == 0 ? "float32[T, 2, 8]" : "float32[2, T, 8]");
  std::vector<Graph> bodies;
  bodies.push_back(std::move(body));
  const auto results = m.add_control("Scan", {start, slices}, std::move(bodies), 2,
                                     attributes({{"num_scan_inputs", int64_t{1}},
                                                 {"scan_input_axes", std::vector{axis}},
                                                 {"scan_output_axes", std::vector{axis}},
                                                 {"scan_output_directions", std::vector{axis}}}));
  m.output(results[0]);
  m.output(results[1]);
  return graph;
}

TEST_F(Control, AScanGivesWhatItsNodesSay) {
  const Value start(ramp(ElementType::float32, {2, 8}));
  for (const int64_t count : {1, 6}) {
    check(scan(0), {start, Value(ramp(ElementType::float32, {count, 2, 8}))});
    check(scan(1), {start, Value(ramp(ElementType::float32, {2, count, 8}))});
  }
}

TEST_F(EmulatorControl, SlicesStayOnTheDevice) {
  const Value start(ramp(ElementType::float32, {2, 8})), x(ramp(ElementType::float32, {4, 8}));
  for (const int64_t count : {2, 7}) {
    const Value slices(ramp(ElementType::float32, {count, 2, 8}));
    EXPECT_EQ(copies_to_host(scan(0), {start, slices}), 2) << count;
    EXPECT_EQ(copies_to_host(loop(true), {Value(trips(count)), x}), 2) << count;
  }
}

// One branch computes, the other gives what was there.
Graph branch() {
  std::vector<Graph> branches(2);
  Graph graph;
  GraphMaker m(graph);
  const ValueId condition = m.input("condition", "boolean[]");
  const ValueId x = m.input("x", "float32[4, 8]");
  const ValueId before = m.add("Softmax", {x});
  for (const bool taken : {true, false}) {
    GraphMaker inner(branches[taken ? 0 : 1]);
    const ValueId w = inner.constant("w", ramp(ElementType::float32, {4, 8}));
    inner.output(taken ? inner.add("Softmax", {w}) : w);
  }
  const ValueId chosen = m.add_control("If", {condition}, std::move(branches), 1)[0];
  m.output(m.add("Relu", {m.add("Add", {before, chosen})}));
  return graph;
}

TEST_F(Control, ABranchGivesWhatItsNodesSay) {
  for (const bool taken : {true, false})
    check(branch(), {Value(flag(taken)), Value(ramp(ElementType::float32, {4, 8}))});
}

}  // namespace
}  // namespace cermet::testing
