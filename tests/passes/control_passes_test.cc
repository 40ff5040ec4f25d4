// What golden cases of passes over control flow don't show: names and origins, values that are no
// tensors, ranks and sizes that nobody knows, bodies that turn out not to fit.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

struct Body : GraphMaker {
  explicit Body(const Graph& outer) : GraphMaker(graph) {
    graph.share_symbols(outer);
    iteration = input("i", "int64[]");
    condition = input("c", "boolean[]");
    graph.add_output(condition);
  }
  Graph graph;
  ValueId iteration, condition;
};

Attributes captured(int64_t count) { return attributes({{"captured", count}}); }

bool has(const Graph& graph, std::string_view op) {
  return std::ranges::any_of(graph.order(), [&](NodeId id) { return graph.node(id).op == op; });
}

// The pass takes the operator out, and the results stay.
void expect_gone(const Graph& graph, std::string_view pass, std::string_view op,
                 const std::vector<Value>& inputs) {
  const Graph after = after_pass(graph, pass);
  EXPECT_TRUE(has(graph, op));
  EXPECT_FALSE(has(after, op)) << print(after);
  const std::vector<Value> expected = run_graph(graph, inputs);
  for (const Graph& made : {after, optimised(graph)}) {
    const std::vector<Value> got = run_graph(made, inputs);
    for (size_t i = 0; i < expected.size(); ++i)
      EXPECT_EQ(difference(expected[i], got[i], 1e-6, 1e-6).value_or(""), "") << print(made);
  }
}

const Value two_numbers{reals({2}, {1, -2})};

// The body's Exp0 is not the model's.
TEST(ControlPasses, CopiesTakeNoNameOfAnotherValue) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[2]"), outside = m.add("Exp", {x});
  Body b(graph);
  b.output(b.add("Exp", {b.input("s", "float32[2]")}));
  const ValueId last = m.add_control("Loop", {m.constant("n", ints({}, {2})), no_value, x},
                                     {b.graph}, 1, captured(0))[0];
  m.output(m.add("Add", {outside, last}));
  const Graph after = after_pass(graph, "unroll-loops");
  std::map<std::string, std::vector<std::string>> origins;  // by value
  for (NodeId id : after.order())
    origins[after.value(after.node(id).outputs[0]).name] = after.node(id).origin.nodes;
  const std::vector<std::string> outer{"Exp0"}, copy{"Exp0", "Loop1"};
  EXPECT_EQ(origins["Exp0"], outer);
  EXPECT_EQ(origins["Exp0.0"], copy);
  EXPECT_EQ(origins["Loop1"], copy);  // what the loop gave keeps its name
  EXPECT_EQ(origins.size(), 4u);
}

TEST(ControlPasses, SequencesAreCarried) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[2]");
  const ValueId start = m.add("SequenceEmpty", {}, attributes({{"dtype", int64_t{1}}}));
  Body b(graph);
  const ValueId list = b.graph.add_input("list", graph.type(start));
  const ValueId given = b.input("x", "float32[2]");
  b.output(b.add("SequenceInsert",
                 {list, b.add("Mul", {given, b.add("Cast", {b.iteration},
                                                   attributes({{"to", int64_t{1}}}))})}));
  const ValueId all = m.add_control("Loop", {m.constant("n", ints({}, {3})), no_value, start, x},
                                    {b.graph}, 1, captured(1))[0];
  m.output(m.add("ConcatFromSequence", {all}, attributes({{"axis", int64_t{0}}})));
  expect_gone(graph, "unroll-loops", "Loop", {two_numbers});
}

TEST(ControlPasses, OptionalsAreCarried) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId start = m.add("Optional", {m.input("x", "float32[2]")});
  Body b(graph);
  const ValueId held = b.graph.add_input("held", graph.type(start));
  b.output(b.add("Optional", {b.add("Exp", {b.add("OptionalGetElement", {held})})}));
  const ValueId last = m.add_control("Loop", {m.constant("n", ints({}, {2})), no_value, start},
                                     {b.graph}, 1, captured(0))[0];
  m.output(m.add("OptionalGetElement", {last}));
  expect_gone(graph, "unroll-loops", "Loop", {two_numbers});
}

// Each iteration makes it longer.
Graph growing_loop(const std::vector<int64_t>& shape) {
  Graph graph;
  GraphMaker m(graph);
  Body b(graph);
  const ValueId s = b.graph.add_input("s", ValueType::tensor(ElementType::float32, std::nullopt));
  const ValueId shaped = b.add("Reshape", {s, b.constant("shape", ints(shape))});
  b.output(b.add("Concat", {shaped, shaped}, attributes({{"axis", int64_t{0}}})));
  m.output(m.add_control("Loop",
                         {m.constant("n", ints({}, {2})), no_value, m.input("x", "float32[2]")},
                         {b.graph}, 1, captured(0))[0]);
  return graph;
}

TEST(ControlPasses, RanksBecomeKnown) {
  const Graph graph = growing_loop({-1, 1});
  expect_gone(graph, "unroll-loops", "Loop", {two_numbers});
  const Graph after = after_pass(graph, "unroll-loops");
  EXPECT_EQ(after.type(after.outputs()[0]), type_of("float32[8, 1]"));
}

// Two elements have no shape [3], which only running it may tell: it may be in a branch that is
// never taken.
TEST(ControlPasses, WhatDoesNotFitStays) {
  const Graph graph = growing_loop({3});
  EXPECT_EQ(print(after_pass(graph, "unroll-loops")), print(graph));
  EXPECT_THROW(run_graph(optimised(graph), {two_numbers}), Error);
}

// What is found in `x` is found once; the body's sizes follow from how much it is.
TEST(ControlPasses, SizesOfDataAreKnownInTheBody) {
  for (const char* trips : {"known", "computed"}) {
    Graph graph;
    GraphMaker m(graph);
    const ValueId x = m.input("x", "float32[N]"), keep = m.input("keep", "boolean[N]");
    Body b(graph);
    const ValueId s = b.input("s", "float32[]");
    const ValueId inner_x = b.input("x", "float32[N]"), inner_keep = b.input("keep", "boolean[N]");
    const ValueId found = b.add("Compress", {inner_x, inner_keep});
    const ValueId twice =
        b.add("Mul", {b.add("Shape", {found}), b.constant("two", ints({1}, {2}))});
    const ValueId zeros = b.add("ConstantOfShape", {twice});
    const ValueId size =
        b.add("Cast", {b.add("Size", {b.add("Exp", {zeros})})}, attributes({{"to", int64_t{1}}}));
    b.output(b.add("Add", {b.add("Sin", {s}), size}));
    const ValueId n =
        std::string_view(trips) == "known" ? m.constant("n", ints({}, {20})) : m.add("Size", {x});
    m.output(m.add_control("Loop", {n, no_value, m.input("s", "float32[]"), x, keep}, {b.graph}, 1,
                           captured(2))[0]);
    const Graph after = after_pass(graph, "hoist-invariants");
    EXPECT_EQ(has(after, "Compress"), std::string_view(trips) == "known") << print(after);
    Tensor kept(ElementType::boolean, {3});
    store_all<double>(kept.view(), {1, 0, 1});
    const std::vector<Value> inputs{Value(reals({3}, {1, 2, 3})), Value(kept),
                                    Value(reals({}, {1}))};
    const auto expected = run_graph(graph, inputs);
    for (const Graph& made : {after, optimised(graph)})
      EXPECT_EQ(difference(expected[0], run_graph(made, inputs)[0], 1e-6, 1e-6).value_or(""), "");
  }
}

// Two branches that sum up what they make of the elements that `make` gives: Exp, or Cos.
template <class Make>
std::vector<Graph> branches_over(const Graph& outer, Make&& make) {
  std::vector<Graph> branches(2);
  for (Graph& branch : branches) {
    branch.share_symbols(outer);
    GraphMaker maker(branch);
    maker.output(maker.add("ReduceSum",
                           {maker.add(&branch == branches.data() ? "Exp" : "Cos", {make(maker)})},
                           attributes({{"keepdims", int64_t{0}}})));
  }
  return branches;
}

// Only a whole size is known outside: the branch that is put in its place holds another, whose
// sizes follow from what it can't see.
TEST(ControlPasses, SizesOfDataAreKnownInCopies) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[N]"), c = m.input("c", "boolean[]");
  Body b(graph);
  const ValueId s = b.input("s", "float32[N]"), choose = b.input("choose", "boolean[]");
  const ValueId count =
      b.add("Shape", {b.add("Compress", {s, b.add("Less", {s, b.add("Neg", {s})})})});
  const auto zeros = [&](GraphMaker& branch) {
    const ValueId given = branch.graph().add_input("count", b.graph.type(count));
    branch.graph().value(given).contents = b.graph.value(count).contents;
    return branch.add("ConstantOfShape",
                      {branch.add("Add", {given, branch.constant("one", ints({1}, {1}))})});
  };
  const ValueId sum = b.add_control("If", {choose, count}, branches_over(graph, zeros), 1)[0];
  b.output(b.add("Sub", {s, sum}));
  m.output(m.add_control("Loop", {m.constant("n", ints({}, {3})), no_value, x, c}, {b.graph}, 1,
                         captured(1))[0]);
  Tensor yes(ElementType::boolean, {});
  store_all<double>(yes.view(), {1});
  expect_gone(graph, "unroll-loops", "Loop", {Value(reals({3}, {-1, 2, 3})), Value(yes)});
}

// A size that a branch finds is another one in each iteration.
TEST(ControlPasses, SizesOfDataDifferBetweenCopies) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId c = m.input("c", "boolean[]"), k = m.input("k", "int64[1]");
  Body b(graph);
  const ValueId count = b.input("count", "int64[1]"), sum = b.input("sum", "float32[]");
  const ValueId choose = b.input("choose", "boolean[]");
  const auto ones = [](GraphMaker& branch) {
    return branch.add("Expand",
                      {branch.constant("one", reals({1}, {1})), branch.input("count", "int64[1]")});
  };
  b.output(b.add("Add", {count, b.constant("step", ints({1}, {3}))}));
  b.output(
      b.add("Add", {sum, b.add_control("If", {choose, count}, branches_over(graph, ones), 1)[0]}));
  m.output(m.add_control(
      "Loop", {m.constant("n", ints({}, {3})), no_value, k, m.constant("zero", reals({}, {0})), c},
      {b.graph}, 2, captured(1))[1]);
  Tensor yes(ElementType::boolean, {});
  store_all<double>(yes.view(), {1});
  Tensor two(ElementType::int64, {1});
  store_all<int64_t>(two.view(), {2});
  expect_gone(graph, "unroll-loops", "Loop", {Value(yes), Value(two)});
}

}  // namespace
}  // namespace cermet::testing
