// If, Loop and Scan, also within each other; sizes that depend on data; sequences.
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

Value truth(bool value) {
  Tensor tensor(ElementType::boolean, {});
  store_element<int64_t>(tensor.view(), 0, value);
  return Value(tensor);
}

std::vector<double> numbers(const Value& value) { return load_all<double>(value.tensor.view()); }

// Sums the iteration numbers and the captured value into the state; gives each state. Goes on while
// the sum is below `limit`.
Graph summing_body(const Graph& outer, float limit) {
  Graph body;
  body.share_symbols(outer);
  GraphMaker b(body);
  const ValueId i = b.input("i", "int64[]");
  b.input("c", "boolean[]");
  const ValueId state = b.input("s", "float32[2]"), step = b.input("step", "float32[2]");
  const ValueId number = b.add("Cast", {i}, attributes({{"to", int64_t{1}}}));
  const ValueId next = b.add("Add", {b.add("Add", {state, step}), number});
  const ValueId first = b.add("ReduceMax", {next}, attributes({{"keepdims", int64_t{0}}}));
  b.output(b.add("Less", {first, b.constant("limit", reals({}, {limit}))}));
  b.output(next);
  b.output(next);
  return body;
}

Graph summing_loop(float limit) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId trips = m.input("trips", "int64[]"), go_on = m.input("go_on", "boolean[]");
  const ValueId s = m.input("s", "float32[2]"), d = m.input("d", "float32[2]");
  for (ValueId id : m.add_control("Loop", {trips, go_on, s, d}, {summing_body(graph, limit)}, 2,
                                  attributes({{"captured", int64_t{1}}})))
    m.output(id);
  return graph;
}

std::vector<Value> loop_inputs(int64_t trips, bool go_on) {
  return {Value(ints({}, {trips})), truth(go_on), Value(reals({2}, {0, 1})),
          Value(reals({2}, {1, 2}))};
}

TEST(Loop, RunsItsTripsAndStacksWhatEachGives) {
  for (const Graph& graph : {summing_loop(1000), optimised(summing_loop(1000))}) {
    const auto results = run_graph(graph, loop_inputs(3, true));
    EXPECT_EQ(numbers(results[0]), (std::vector<double>{6, 10}));
    EXPECT_EQ(results[1].tensor.shape(), (Shape{3, 2}));
    EXPECT_EQ(numbers(results[1]), (std::vector<double>{1, 3, 3, 6, 6, 10}));
  }
}

TEST(Loop, EndsWhenItsConditionDoes) {
  const auto results = run_graph(optimised(summing_loop(5)), loop_inputs(100, true));
  EXPECT_EQ(results[1].tensor.shape(), (Shape{2, 2}));
}

TEST(Loop, WithoutAnIterationHandsTheStateOn) {
  for (const auto& inputs : {loop_inputs(0, true), loop_inputs(5, false)}) {
    const auto results = run_graph(optimised(summing_loop(5)), inputs);
    EXPECT_EQ(numbers(results[0]), (std::vector<double>{0, 1}));
    EXPECT_EQ(results[1].tensor.shape(), (Shape{0, 2}));
  }
}

// As what reads them counts on, whose shape is known before the loop runs.
TEST(Loop, SlicesOfNoIterationHaveTheSizesOfInputs) {
  Graph graph, body;
  body.share_symbols(graph);
  GraphMaker b(body), m(graph);
  b.input("i", "int64[]");
  const ValueId on = b.input("c", "boolean[]");
  const ValueId next = b.add("Sin", {b.input("s", "float32[n]")});
  for (ValueId id : {on, next, next}) b.output(id);
  const ValueId trips = m.input("trips", "int64[]"), state = m.input("s", "float32[n]");
  const auto results = m.add_control("Loop", {trips, no_value, state}, {body}, 2);
  const ValueId sum = m.add("ReduceSum", {results[1], m.constant("axis", ints({1}, {0}))},
                            attributes({{"keepdims", int64_t{0}}}));
  m.output(m.add("Add", {sum, results[0]}));
  EXPECT_EQ(numbers(run_graph(graph, {Value(ints({}, {0})), Value(reals({3}, {1, 2, 3}))})[0]),
            (std::vector<double>{1, 2, 3}));
}

TEST(Loop, WithinALoopWithinABranch) {
  Graph graph, yes, no, outer;
  for (Graph* body : {&yes, &no, &outer}) body->share_symbols(graph);
  GraphMaker o(outer), y(yes), n(no), m(graph);
  o.input("i", "int64[]");
  const ValueId go_on = o.input("c", "boolean[]"), state = o.input("s", "float32[2]");
  const ValueId step = o.input("step", "float32[2]"), two = o.constant("two", ints({}, {2}));
  o.output(go_on);
  o.output(o.add_control("Loop", {two, no_value, state, step}, {summing_body(outer, 1000)}, 2,
                         attributes({{"captured", int64_t{1}}}))[0]);
  const ValueId s = y.input("s", "float32[2]"), d = y.input("d", "float32[2]");
  const ValueId three = y.constant("three", ints({}, {3}));
  y.output(y.add_control("Loop", {three, no_value, s, d}, {outer}, 1,
                         attributes({{"captured", int64_t{1}}}))[0]);
  n.output(n.add("Neg", {n.input("s", "float32[2]")}));
  n.input("d", "float32[2]");
  const ValueId c = m.input("c", "boolean[]");
  const ValueId x = m.input("x", "float32[2]"), z = m.input("z", "float32[2]");
  m.output(m.add_control("If", {c, x, z}, {yes, no}, 1)[0]);
  for (const Graph& variant : {graph, optimised(graph)})
    for (bool taken : {true, false}) {
      const std::vector<Value> inputs{truth(taken), Value(reals({2}, {0, 1})),
                                      Value(reals({2}, {1, 2}))};
      const auto results = run_graph(variant, inputs);
      EXPECT_EQ(numbers(results[0]),
                taken ? (std::vector<double>{9, 16}) : (std::vector<double>{-0.0, -1}));
    }
}

// Running sums along an axis, read and written forward or backward.
Graph scanning(int64_t axis, int64_t backward, int64_t output_axis) {
  Graph graph, body;
  body.share_symbols(graph);
  GraphMaker b(body), m(graph);
  const ValueId state = b.input("s", "float32[2]"), slice = b.input("x", "float32[2]");
  const ValueId next = b.add("Add", {state, slice});
  b.output(next);
  b.output(b.add("Mul", {next, b.input("factor", "float32[]")}));
  const ValueId s = m.input("s", "float32[2]");
  const ValueId x = m.input("x", axis == 0 ? "float32[N, 2]" : "float32[2, N]");
  const ValueId factor = m.input("factor", "float32[]");
  using List = std::vector<int64_t>;
  for (ValueId id : m.add_control("Scan", {s, x, factor}, {body}, 2,
                                  attributes({{"captured", int64_t{1}},
                                              {"num_scan_inputs", int64_t{1}},
                                              {"scan_input_axes", List{axis}},
                                              {"scan_input_directions", List{backward}},
                                              {"scan_output_axes", List{output_axis}},
                                              {"scan_output_directions", List{backward}}})))
    m.output(id);
  return graph;
}

std::vector<Value> scan(const Graph& graph, Shape shape) {
  return run_graph(optimised(graph),
                   {Value(reals({2}, {0, 10})), Value(reals(std::move(shape), {1, 2, 3, 4, 5, 6})),
                    Value(reals({}, {2}))});
}

TEST(Scan, WalksAnAxisForwardAndBackward) {
  const auto forward = scan(scanning(0, 0, 0), {3, 2});
  EXPECT_EQ(numbers(forward[0]), (std::vector<double>{9, 22}));
  EXPECT_EQ(numbers(forward[1]), (std::vector<double>{2, 24, 8, 32, 18, 44}));
  const auto backward = scan(scanning(0, 1, 0), {3, 2});
  EXPECT_EQ(numbers(backward[1]), (std::vector<double>{18, 44, 16, 40, 10, 32}));
}

TEST(Scan, WalksAnyAxis) {
  const auto results = scan(scanning(1, 0, -1), {2, 3});
  EXPECT_EQ(results[1].tensor.shape(), (Shape{2, 3}));
  EXPECT_EQ(numbers(results[1]), (std::vector<double>{2, 6, 12, 28, 38, 50}));
}

// The iteration that ran, not the place that its slice has among those put together.
TEST(Scan, NamesTheIterationWhoseSliceHasAnotherShape) {
  Graph graph, body;
  body.share_symbols(graph);
  GraphMaker b(body), m(graph);
  const ValueId length = b.input("length", "int64[1]");
  b.output(b.add("ConstantOfShape", {length}));
  const ValueId lengths = m.input("lengths", "int64[4, 1]");
  m.output(m.add_control("Scan", {lengths}, {body}, 1,
                         attributes({{"num_scan_inputs", int64_t{1}},
                                     {"scan_output_directions", std::vector<int64_t>{1}}}))[0]);
  try {
    run_graph(graph, {Value(ints({4, 1}, {2, 2, 2, 5}))});
    FAIL() << "slices of two shapes were put together";
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("iteration 3 gives a slice of shape [5], the first gave [2]"),
              std::string::npos)
        << error.message();
  }
}

// Kernels of a build may leave a convolution's result channels-last; bodies hand it on row-major.
TEST(Branch, HandsOnWhatAConvolutionMade) {
  Graph graph, yes, no;
  yes.share_symbols(graph);
  no.share_symbols(graph);
  GraphMaker y(yes), n(no), m(graph);
  y.output(y.input("v", "float32[1, 3, 2, 2]"));
  n.output(n.add("Neg", {n.input("v", "float32[1, 3, 2, 2]")}));
  const ValueId x = m.input("x", "float32[1, 2, 2, 2]");
  const ValueId w = m.constant("w", ramp(ElementType::float32, {3, 2, 1, 1}));
  const ValueId made = m.add("Conv", {x, w});
  m.output(m.add_control("If", {m.input("c", "boolean[]"), made}, {yes, no}, 1)[0]);
  const auto engine = engine_of(optimised(graph), {}, Kernels::any);
  for (bool taken : {true, false}) {
    const std::vector<Value> inputs{Value(ramp(ElementType::float32, {1, 2, 2, 2})), truth(taken)};
    EXPECT_EQ(difference(interpret(graph, inputs)[0], run_engine(engine, inputs)[0], 1e-6, 1e-6)
                  .value_or(""),
              "");
  }
}

TEST(DataDependentSizes, GatherWhatIsNotZero) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[N]");
  const ValueId where = m.add("NonZero", {x});
  const ValueId flat = m.add("Reshape", {where, m.constant("flat", ints({-1}))});
  const ValueId found = m.add("Gather", {m.add("Neg", {x}), flat});
  m.output(m.add("Relu", {m.add("Unsqueeze", {found, m.constant("axis", ints({1}))})}));
  m.output(m.add("Shape", {found}));
  for (Kernels kernels : {Kernels::reference, Kernels::own}) {
    const auto engine = engine_of(optimised(graph), {}, kernels);
    ExecutionContext context(engine, {.threads = 1});
    for (const std::vector<float>& values : std::vector<std::vector<float>>{
             {0, -1, 0, -2}, {0, 0, 0, 0}, {-1, -2, -3, -4}, {}, {0, -5, 6}}) {
      const Value input(reals({static_cast<int64_t>(values.size())}, values));
      context.set_input("x", input);
      context.execute();
      const auto expected = interpret(graph, {input});
      for (size_t i = 0; i < expected.size(); ++i)
        EXPECT_EQ(difference(expected[i], context.output_value(engine->outputs()[i].name), 0, 0)
                      .value_or(""),
                  "");
    }
  }
}

TEST(Sequences, AreMadeChangedAndJoined) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[N, 2]");
  const ValueId parts = m.add("SplitToSequence", {x, m.constant("one", ints({}, {1}))},
                              attributes({{"axis", int64_t{0}}}));
  const ValueId fewer = m.add("SequenceErase", {parts, m.constant("at", ints({}, {0}))});
  m.output(fewer);
  m.output(m.add("ConcatFromSequence", {fewer}, attributes({{"axis", int64_t{0}}})));
  m.output(m.add("SequenceLength", {parts}));
  const auto results = run_graph(optimised(graph), {Value(ramp(ElementType::float32, {3, 2}))});
  EXPECT_EQ(results[0].kind, Value::Kind::sequence);
  EXPECT_EQ(results[0].elements.size(), 2u);
  EXPECT_EQ(numbers(results[1]), (std::vector<double>{-0.5, -0.25, 0, 0.25}));
  EXPECT_EQ(numbers(results[2]), std::vector<double>{3});
}

TEST(Sequences, GrowInLoops) {
  Graph graph, body;
  body.share_symbols(graph);
  GraphMaker b(body), m(graph);
  const ValueId i = b.input("i", "int64[]"), go_on = b.input("c", "boolean[]");
  const ValueId so_far =
      body.add_input("s", ValueType::sequence(ValueType::tensor(ElementType::int64, std::nullopt)));
  b.output(go_on);
  b.output(b.add("SequenceInsert", {so_far, b.add("Mul", {i, i})}));
  const ValueId empty = m.add("SequenceEmpty", {}, attributes({{"dtype", int64_t{7}}}));
  m.output(m.add_control("Loop", {m.input("trips", "int64[]"), no_value, empty}, {body}, 1)[0]);
  const auto results = run_graph(optimised(graph), {Value(ints({}, {4}))});
  ASSERT_EQ(results[0].elements.size(), 4u);
  for (int64_t k = 0; k < 4; ++k)
    EXPECT_EQ(numbers(results[0].elements[k]), std::vector<double>{static_cast<double>(k * k)});
}

TEST(Errors, NameTheStepThatFails) {
  Graph graph;
  GraphMaker m(graph);
  m.output(m.add("Gather", {m.input("x", "float32[3]"), m.input("i", "int64[1]")}));
  try {
    run_graph(graph, {Value(reals({3}, {1, 2, 3})), Value(ints({7}))});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(),
              "running step 'Gather0': Gather: index 7 is outside a dimension of size 3");
  }
}

}  // namespace
}  // namespace cermet::testing
