// Validation reaches attention, bodies of control flow, sizes that depend on data and values that
// equal nodes make.
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/builder/validated_road.h"
#include "tests/support/graph_maker.h"

namespace cermet::testing {
namespace {

constexpr int64_t heads = 3, head = 16, width = heads * head;

Tensor weights(int64_t factor) {
  std::vector<float> numbers;
  for (int64_t i = 0; i < width * width; ++i)
    numbers.push_back(static_cast<float>(i * factor % 31 - 15) / 50);
  return reals({width, width}, numbers);
}

ValueId heads_of(GraphMaker& m, ValueId x, int64_t factor, std::vector<int64_t> order) {
  x = m.add("MatMul", {x, m.constant("w", weights(factor))});
  x = m.add("Add", {x, m.constant("b", ramp(ElementType::float32, {width}))});
  x = m.add("Reshape", {x, m.constant("split", ints({0, 0, heads, head}))});
  return m.add("Transpose", {x}, attributes({{"perm", std::move(order)}}));
}

// Attention of a sentence of unknown length, as transformers export it.
Graph attention_layer() {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[B, 150, 48]"),
                mask = m.input("mask", "float32[B, 1, 1, 150]");
  const ValueId q = heads_of(m, x, 3, {0, 2, 1, 3}), k = heads_of(m, x, 5, {0, 2, 3, 1}),
                v = heads_of(m, x, 7, {0, 2, 1, 3});
  ValueId y = m.add("Div", {m.add("MatMul", {q, k}), m.constant("four", reals({}, {4}))});
  y = m.add("MatMul", {m.add("Softmax", {m.add("Add", {y, mask})}), v});
  y = m.add("Transpose", {y}, attributes({{"perm", std::vector<int64_t>{0, 2, 1, 3}}}));
  y = m.add("Reshape", {y, m.constant("join", ints({0, 0, width}))});
  m.output(m.add("MatMul", {y, m.constant("o", weights(11))}));
  return graph;
}

const StepChoice& attention_of(const std::vector<StepChoice>& choices) {
  return *std::ranges::find(choices, ProblemKind::attention,
                            [](const StepChoice& choice) { return choice.step->problem.kind; });
}

void expect_all_compared(const Graph& graph, size_t steps) {
  Road road;
  const auto choices = road.choose(graph);
  EXPECT_GE(choices.size(), steps);
  for (const StepChoice& choice : choices)
    EXPECT_GT(choice.validation->points, 0) << choice.step->name << ": " << choice.validation->text;
}

TEST(ValidatedPlaces, AttentionIsComparedWithTheModel) {
  Road road;
  const auto choices = road.choose(attention_layer());
  for (const StepChoice& choice : choices) {
    EXPECT_GE(choice.validation->points, 4096) << choice.step->name << choice.validation->text;
    EXPECT_EQ(choice.validation->text, "") << choice.step->name;
  }
  EXPECT_EQ(attention_of(choices).step->choice.tactic, "cpu.attention");
}

TEST(ValidatedPlaces, AWrongAttentionKernelGivesWay) {
  Road road;
  insert_wrong(road, "cpu.attention", [](Plan&, Step& step) {
    step.choice.version -= 100;
    step.problem.attributes.set("scale", 0.26);
  });
  const auto choices = road.choose(attention_layer());
  const StepChoice& attention = attention_of(choices);
  EXPECT_FALSE(attention.candidates[0].accepted);
  EXPECT_TRUE(attention.candidates[0].reason.starts_with("error of "))
      << attention.candidates[0].reason;
}

// Queries and keys exchanged: of the same types, with another meaning.
std::vector<Patch> exchange_operands(const Graph& graph) {
  std::vector<Patch> patches;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (!node.is("Attention") || node.attributes.has("exchanged")) continue;
    Patch patch(graph);
    patch.consume(id);
    Node other = Patch::copy_of(node);
    std::swap(other.inputs[0], other.inputs[1]);
    other.attributes.set("exchanged", int64_t{1});
    patch.replace(node.outputs[0], patch.add(std::move(other)));
    patches.push_back(std::move(patch));
  }
  return patches;
}

void expect_refused(Road& road, const Graph& graph, std::string_view node) {
  try {
    std::string told;
    for (const StepChoice& choice : road.choose(graph))
      told += fmt::format("{}: {} points {}\n", choice.step->name, choice.validation->points,
                          choice.validation->text);
    FAIL() << "a wrong pass passed: " << told;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::internal);
    EXPECT_NE(std::string_view(error.what()).find(node), std::string_view::npos) << error.what();
  }
}

// A size of 8 would be too small to be reflected by 20.
TEST(ValidatedPlaces, SizesAreRaisedWhereAnOperatorNeedsMore) {
  Graph graph;
  GraphMaker m(graph);
  m.output(m.add("Pad", {m.input("x", "float32[N, M]"), m.constant("pads", ints({0, 20, 0, 20}))},
                 attributes({{"mode", std::string("reflect")}})));
  expect_all_compared(graph, 1);
}

// What is negative never comes of a Relu, so that the second one is gone; a product reads a value
// and its transpose. Operands by chance would contradict the model.
TEST(ValidatedPlaces, OperandsThatTheModelCanNotHaveProveNothing) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[70, 80]");
  m.output(m.add("Transpose", {m.add("Relu", {m.add("Relu", {x})})}));
  const ValueId turned = m.add("Transpose", {x});
  m.output(m.add("MatMul", {turned, m.add("Transpose", {turned})}));
  expect_all_compared(graph, 3);
}

// The first state of a loop that is unrolled is made of what its iterations read.
TEST(ValidatedPlaces, IterationsThatReadOneValue) {
  Graph body, graph;
  body.share_symbols(graph);
  GraphMaker b(body), m(graph);
  const ValueId state = b.input("s", "float32[70]"), slice = b.input("slice", "float32[70]");
  const ValueId next = b.add("Add", {state, slice});
  b.output(next);
  b.output(b.add("Exp", {next}));
  const ValueId x = m.input("x", "float32[3, 70]");
  const ValueId first = m.add("ReduceSum", {x, m.constant("axes", ints({0}))},
                              attributes({{"keepdims", int64_t{0}}}));
  const auto results =
      m.add_control("Scan", {first, x}, {body}, 2,
                    attributes({{"captured", int64_t{0}}, {"num_scan_inputs", int64_t{1}}}));
  for (ValueId result : results) m.output(result);
  Road road;
  const auto choices = road.choose(graph);
  for (const StepChoice& choice : choices)
    for (const Candidate& candidate : choice.candidates)
      EXPECT_FALSE(candidate.reason.starts_with("error of ")) << candidate.reason;
  EXPECT_GT(step_of(choices, "Add0").validation->points, 0);
}

TEST(ValidatedPlaces, AWrongPassOverAttentionIsSeen) {
  Road road;
  const auto fused = std::ranges::find(road.passes, "fuse-attention", &Pass::name);
  road.passes.insert(fused + 1, {"exchange-operands", exchange_operands, {}, fused->stage});
  expect_refused(road, attention_layer(), "error of ");
}

ValueId add_convolution(GraphMaker& m, ValueId x) {
  return m.add("Conv", {x, m.constant("w", ramp(ElementType::float32, {20, 20, 3, 3}))},
               attributes({{"pads", std::vector<int64_t>{1, 1, 1, 1}}}));
}

constexpr std::string_view image = "float32[1, 20, 17, 17]";

// A branch that reads an outer value whose name a pass takes away, and one that does something
// else under the same names.
Graph branches() {
  Graph yes, no, graph;
  yes.share_symbols(graph);
  no.share_symbols(graph);
  GraphMaker y(yes), n(no), m(graph);
  y.output(y.add("Relu", {add_convolution(y, y.input("v", image))}));
  n.output(n.add("Softmax", {n.add("Relu", {n.input("v", image)})}));
  const ValueId v = m.add("Sin", {m.add("Identity", {m.input("x", image)})});
  m.output(m.add_control("If", {m.input("c", "boolean[]"), v}, {yes, no}, 1)[0]);
  return graph;
}

// State and what is captured, a constant folded outside among it.
Graph loop() {
  Graph body, graph;
  body.share_symbols(graph);
  GraphMaker b(body), m(graph);
  b.input("i", "int64[]");
  const ValueId go_on = b.input("c", "boolean[]"), state = b.input("s", "float32[30, 40]");
  const ValueId captured = b.input("captured", "float32[40, 40]"),
                weights = b.input("weights", "float32[40, 40]");
  b.output(go_on);
  const ValueId sum = b.add("Add", {b.add("MatMul", {state, weights}), b.add("Relu", {state})});
  b.output(b.add("Tanh", {b.add("MatMul", {sum, captured})}));
  const ValueId x = m.input("x", "float32[30, 40]"), d = m.input("d", "float32[40, 40]");
  const ValueId turned =
      m.add("Transpose", {m.constant("w", ramp(ElementType::float32, {40, 40}))});
  m.output(m.add_control(
      "Loop", {m.constant("trips", ints({}, {30})), no_value, x, m.add("Sin", {d}), turned}, {body},
      1, attributes({{"captured", int64_t{2}}}))[0]);
  return graph;
}

Graph scan() {
  Graph body, graph;
  body.share_symbols(graph);
  GraphMaker b(body), m(graph);
  const ValueId state = b.input("s", "float32[70]"), slice = b.input("slice", "float32[70]");
  const ValueId next = b.add("Add", {b.add("Relu", {state}), b.add("Tanh", {slice})});
  b.output(next);
  b.output(b.add("Exp", {next}));
  const auto results =
      m.add_control("Scan", {m.input("x", "float32[70]"), m.input("y", "float32[19, 70]")}, {body},
                    2, attributes({{"captured", int64_t{0}}, {"num_scan_inputs", int64_t{1}}}));
  for (ValueId result : results) m.output(result);
  return graph;
}

TEST(ValidatedPlaces, StepsOfBodiesAreCompared) {
  expect_all_compared(branches(), 3);
  expect_all_compared(loop(), 3);
  expect_all_compared(scan(), 1);
}

TEST(ValidatedPlaces, AWrongKernelInABranchGivesWay) {
  Road road;
  insert_wrong(road, "cpu.convolution", shift_window);
  const auto choices = road.choose(branches());
  const StepChoice& conv =
      *std::ranges::find(choices, ProblemKind::convolution,
                         [](const StepChoice& choice) { return choice.step->problem.kind; });
  EXPECT_TRUE(conv.candidates[0].reason.starts_with("error of ")) << conv.candidates[0].reason;
  EXPECT_GE(conv.validation->points, 4096);
}

TEST(ValidatedPlaces, AWrongPassOverABodyIsSeen) {
  for (const Graph& graph : {branches(), loop(), scan()}) {
    Road road;
    road.passes.insert(road.passes.begin(), {"remove-relu", remove_relu});
    expect_refused(road, graph, "error of ");
  }
}

Graph found_places() {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.add("Relu", {m.input("x", "float32[40, 50]")});
  m.output(m.add("NonZero", {x}));
  return graph;
}

TEST(ValidatedPlaces, AResultWhoseShapeDependsOnDataIsCompared) {
  Road road;
  const auto choices = road.choose(found_places());
  const Validation& found = *step_of(choices, "NonZero1").validation;
  EXPECT_GT(found.points, 1000) << found.text;
  EXPECT_EQ(found.text, "");
}

TEST(ValidatedPlaces, AnotherShapeThanTheModelsIsAnError) {
  Road road;
  road.passes.insert(road.passes.begin(), {"remove-relu", remove_relu});
  expect_refused(road, found_places(), "its shape: result 0 is of shape");
}

// What is behind a size that depends on data takes it as given.
TEST(ValidatedPlaces, StepsBehindAnOpenSizeAreCompared) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[40, 50]");
  const ValueId places = m.add("Transpose", {m.add("NonZero", {x})});
  const ValueId numbers = m.add("GatherND", {x, places});
  m.output(m.add("Exp", {m.add("Neg", {m.add("Sqrt", {m.add("Abs", {numbers})})})}));
  expect_all_compared(graph, 3);
}

// Sizes that a step computes with need not be those of its operands.
TEST(ValidatedPlaces, SizesThatOnlyTheModelKnowsAreGiven) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[N, 5]");
  const ValueId size = m.add("Gather", {m.add("Shape", {x}), m.constant("first", ints({}, {0}))});
  m.output(m.add("Equal", {size, m.constant("seven", ints({}, {7}))}));
  expect_all_compared(graph, 1);
}

// One of two equal slices stays; the other's readers read it.
TEST(ValidatedPlaces, ValuesOfEqualNodesAreOne) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.add("Sin", {m.input("x", "float32[90, 64]")});
  const auto half = [&](int64_t from, int64_t to) {
    return m.add("Slice", {x, m.constant("from", ints({from})), m.constant("to", ints({to})),
                           m.constant("axis", ints({1}))});
  };
  const ValueId a = half(0, 32), b = half(32, 64);
  m.output(m.add("Sub", {a, m.add("Exp", {b})}));
  m.output(m.add("Add", {half(0, 32), m.add("Tanh", {half(32, 64)})}));
  m.output(m.add("Softmax", {half(0, 32)}));
  expect_all_compared(graph, 3);
}

// The second operand is one row of many: a grid by chance would miss it.
TEST(ValidatedPlaces, EveryOperandOfAConcatIsCompared) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[500, 90]"), y = m.input("y", "float32[1, 90]"),
                z = m.input("z", "float32[700, 90]");
  m.output(m.add("Concat", {x, m.add("Relu", {y}), z}, attributes({{"axis", int64_t{0}}})));
  Road road;
  road.passes = {{"remove-relu", remove_relu}};
  expect_refused(road, graph, "error of ");
}

// A slice of what was put side by side reads the part in which it lies, backwards here.
TEST(ValidatedPlaces, SlicesOfConcatenationsNeedTheirPartAlone) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[90, 64]");
  const ValueId a = m.add("Sin", {x}), b = m.add("Softmax", {x});
  const ValueId both = m.add("Concat", {a, b}, attributes({{"axis", int64_t{1}}}));
  const auto part = [&](int64_t from, int64_t to) {
    return m.add("Slice", {both, m.constant("from", ints({from})), m.constant("to", ints({to})),
                           m.constant("axis", ints({-1})), m.constant("step", ints({-2}))});
  };
  m.output(m.add("Exp", {m.add("Softmax", {part(-1, 64)})}));
  m.output(m.add("Add", {m.add("Tanh", {part(63, -1000)}), m.input("y", "float32[90, 32]")}));
  expect_all_compared(graph, 3);
}

}  // namespace
}  // namespace cermet::testing
