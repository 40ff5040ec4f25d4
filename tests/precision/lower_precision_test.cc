// What a rewrite to 16 bits makes of graphs, and how near the results stay.
#include <gtest/gtest.h>

#include <limits>

#include "precision/precision.h"
#include "tests/support/golden.h"
#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

constexpr auto half = ElementType::float16, brain = ElementType::bfloat16;
constexpr float lowest = std::numeric_limits<float>::lowest();

struct Case {
  std::string_view name;  // the golden file is precision/NAME.txt
  void (*build)(GraphMaker&);
  double error = 1e-2;  // of float16
};

ValueId number(GraphMaker& m, float value) { return m.constant("c", reals({}, {value})); }
ValueId weights(GraphMaker& m, Shape shape) {
  return m.constant("w", ramp(ElementType::float32, std::move(shape)));
}

// Products with epilogues, a sum that goes round them, pooling.
void image(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 2, 6, 6]");
  const Attributes same = attributes({{"pads", std::vector<int64_t>{1, 1, 1, 1}}});
  const ValueId a =
      m.add("Relu", {m.add("Conv", {x, weights(m, {4, 2, 3, 3}), weights(m, {4})}, same)});
  const ValueId b = m.add("Add", {a, m.add("Conv", {a, weights(m, {4, 4, 3, 3})}, same)});
  const ValueId pooled = m.add("GlobalAveragePool", {m.add("Relu", {b})});
  m.output(m.add("Gemm", {m.add("Flatten", {pooled}), weights(m, {4, 3}), weights(m, {3})}));
}

void normalised(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 4]");
  const ValueId y = m.add("MatMul", {x, weights(m, {4, 4})});
  const ValueId z = m.add("LayerNormalization", {y, weights(m, {4}), weights(m, {4})});
  m.output(m.add("Softmax", {m.add("MatMul", {z, weights(m, {4, 5})})}));
}

// Its first row hides everything: what stands for infinity stays finite.
void masked(GraphMaker& m) {
  const ValueId q = m.input("q", "float32[2, 3]"), k = m.input("k", "float32[3, 2]");
  const ValueId mask = m.constant("mask", reals({2, 2}, {lowest, lowest, 0, lowest}));
  const ValueId scores = m.add("Softmax", {m.add("Add", {m.add("MatMul", {q, k}), mask})});
  m.output(m.add("MatMul", {scores, weights(m, {2, 3})}));
}

void masked_by_input(GraphMaker& m) {
  const ValueId q = m.input("q", "float32[2, 3]"), k = m.input("k", "float32[3, 2]");
  const ValueId seen =
      m.add("Cast", {m.input("mask", "int64[2]")}, attributes({{"to", int64_t{1}}}));
  const ValueId mask = m.add("Mul", {m.add("Sub", {number(m, 1), seen}), number(m, lowest)});
  const ValueId scores = m.add("Softmax", {m.add("Add", {m.add("MatMul", {q, k}), mask})});
  m.output(m.add("MatMul", {scores, weights(m, {2, 3})}));
}

void huge_weights(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 2]");
  const ValueId y = m.add("MatMul", {x, m.constant("huge", reals({2, 2}, {1e6F, 2e6F, -1e6F, 1}))});
  m.output(m.add("MatMul", {m.add("Tanh", {y}), weights(m, {2, 3})}));
}

// Positions of words times frequencies, of which waves are taken.
void positions(GraphMaker& m) {
  const ValueId place =
      m.add("Cast", {m.input("places", "int64[1, N, 1]")}, attributes({{"to", int64_t{1}}}));
  const ValueId angles =
      m.add("MatMul", {place, m.constant("frequencies", reals({1, 1, 4}, {1, 0.3F, 0.1F, 0.03F}))});
  const ValueId x = m.add("MatMul", {m.input("x", "float32[1, N, 4]"), weights(m, {4, 4})});
  m.output(m.add("MatMul", {m.add("Mul", {x, m.add("Cos", {angles})}), weights(m, {4, 2})}));
}

// Squares of what a row norm sums up stay in float32.
void written_out_norm(GraphMaker& m) {
  const ValueId x = m.add("MatMul", {m.input("x", "float32[N, 4]"), weights(m, {4, 4})});
  const ValueId big = m.add("Mul", {x, number(m, 300)});
  const ValueId sum = m.add("ReduceSum", {m.add("Mul", {big, big}), m.constant("axes", ints({1}))});
  m.output(m.add("MatMul", {m.add("Div", {big, m.add("Sqrt", {sum})}), weights(m, {4, 3})}));
}

// Words looked up in a table.
void table(GraphMaker& m) {
  const ValueId words = m.add("Gather", {weights(m, {7, 4}), m.input("words", "int64[N]")});
  m.output(m.add("MatMul", {words, weights(m, {4, 3})}));
  m.output(m.add("Exp", {words}));
}

// What the model itself does in float32 stays in it.
void mixed(GraphMaker& m) {
  const ValueId x = m.input("x", "float16[N, 4]");
  const ValueId y = m.add("MatMul", {x, m.constant("v", ramp(half, {4, 4}))});
  const ValueId z = m.add("Cast", {y}, attributes({{"to", int64_t{1}}}));
  m.output(m.add("Softmax", {m.add("MatMul", {z, weights(m, {4, 3})})}));
}

// An input and an output in 16 bits cost nothing.
void narrow_ends(GraphMaker& m) {
  const ValueId x =
      m.add("Cast", {m.input("x", "float16[N, 4]")}, attributes({{"to", int64_t{1}}}));
  const ValueId y = m.add("Softmax", {m.add("MatMul", {x, weights(m, {4, 3})})});
  m.output(m.add("Cast", {y}, attributes({{"to", static_cast<int64_t>(half)}})));
}

// Resize computes in 16 bits but for its scales; CumSum does not.
void partly(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[1, 2, 4, 4]");
  const ValueId y = m.add("Conv", {x, weights(m, {2, 2, 1, 1})});
  const ValueId large =
      m.add("Resize", {y, no_value, m.constant("scales", reals({4}, {1, 1, 2, 2}))});
  const ValueId sums = m.add("CumSum", {large, m.constant("axis", ints({}, {3}))});
  m.output(m.add("Conv", {sums, weights(m, {1, 2, 1, 1})}));
}

void loop(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[2, 4]"), n = m.input("n", "int64[]");
  Graph body;
  body.share_symbols(m.graph());
  GraphMaker inner(body);
  inner.input("i", "int64[]");
  const ValueId go_on = inner.input("go_on", "boolean[]"),
                state = inner.input("state", "float32[2, 4]");
  const ValueId w = inner.input("w", "float32[4, 4]");
  inner.output(go_on);
  inner.output(inner.add("Tanh", {inner.add("MatMul", {state, w})}));
  const ValueId outer = m.add("MatMul", {x, weights(m, {4, 4})});
  const ValueId squares = m.add("MatMul", {m.add("Transpose", {outer}), outer});
  m.output(m.add_control("Loop", {n, no_value, x, squares}, {body}, 1,
                         attributes({{"captured", int64_t{1}}}))[0]);
}

constexpr Case cases[] = {{"image", image},
                          {"normalised", normalised},
                          {"masked", masked},
                          {"masked-by-input", masked_by_input},
                          {"huge-weights", huge_weights},
                          {"positions", positions},
                          {"written-out-norm", written_out_norm},
                          {"table", table},
                          {"mixed", mixed},
                          {"narrow-ends", narrow_ends},
                          {"partly", partly},
                          {"loop", loop}};

Graph graph_of(const Case& what) {
  Graph graph;
  GraphMaker maker(graph);
  what.build(maker);
  verify(graph);
  return graph;
}

Graph lowered(Graph graph, ElementType type) {
  lower_precision(graph, type);
  verify(graph);
  return graph;
}

std::vector<Value> inputs_for(const Graph& graph) {
  std::vector<Value> inputs;
  for (ValueId id : graph.inputs()) {
    const ValueType& type = graph.type(id);
    const Shape shape = evaluate(*type.dims, {{"N", 3}});
    Tensor tensor = ramp(is_integer(type.element) ? ElementType::float32 : type.element, shape);
    if (is_integer(type.element)) {
      tensor = Tensor(type.element, shape);
      for (int64_t i = 0; i < tensor.elements(); ++i)
        store_element<int64_t>(tensor.view(), i, shape.empty() ? 3 : i % 2);
    }
    inputs.emplace_back(std::move(tensor));
  }
  return inputs;
}

class Precision : public ::testing::TestWithParam<Case> {};

TEST_P(Precision, RewritesAsTheGoldenFileSays) {
  const Graph before = optimised(graph_of(GetParam()));
  expect_golden(fmt::format("precision/{}.txt", GetParam().name),
                fmt::format("before:\n{}after:\n{}", print(before), print(lowered(before, half))));
}

TEST_P(Precision, ResultsStayNear) {
  const Graph before = graph_of(GetParam());
  const std::vector<Value> inputs = inputs_for(before);
  const std::vector<Value> expected = interpret(before, inputs);
  for (const ElementType type : {half, brain})
    for (const bool passes : {false, true}) {
      const Graph graph = lowered(passes ? optimised(before) : before, type);
      const std::vector<Value> got = run_graph(graph, inputs);
      const double error = GetParam().error * (type == half ? 1 : 8);
      for (size_t i = 0; i < expected.size(); ++i)
        EXPECT_EQ(difference(expected[i], got[i], error, error).value_or(""), "")
            << name(type) << (passes ? ", optimised" : "");
    }
}

INSTANTIATE_TEST_SUITE_P(Graphs, Precision, ::testing::ValuesIn(cases), [](const auto& info) {
  std::string name(info.param.name);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(Precision, TellsWhatStaysInFloat32) {
  Graph graph = optimised(graph_of({"", huge_weights}));
  std::vector<std::string> messages;
  lower_precision(graph, half,
                  [&](Severity, std::string_view text) { messages.emplace_back(text); });
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_NE(messages[0].find("'huge' has numbers beyond the range of float16"), std::string::npos)
      << messages[0];
  graph = optimised(graph_of({"", huge_weights}));
  lower_precision(graph, brain,
                  [&](Severity, std::string_view text) { messages.emplace_back(text); });
  EXPECT_EQ(messages.size(), 1u);
}

TEST(Precision, TakesTypesOf16BitsAlone) {
  Graph graph;
  EXPECT_THROW(lower_precision(graph, ElementType::float32), Error);
}

}  // namespace
}  // namespace cermet::testing
