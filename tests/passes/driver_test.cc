#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "passes/passes.h"
#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

// Relu of Identity, three times side by side.
Graph three_chains() {
  Graph graph;
  GraphMaker m(graph);
  for (const char* name : {"a", "b", "c"})
    m.output(m.add("Softmax", {m.add("Identity", {m.input(name, "float32[2]")})}));
  return graph;
}

int count_of(const Graph& graph, std::string_view op) {
  int count = 0;
  for (NodeId id : graph.order()) {
    count += graph.node(id).op == op;
    for (const Graph& body : graph.node(id).subgraphs) count += count_of(body, op);
  }
  return count;
}

int patches_of(const std::vector<PassResult>& results, std::string_view pass) {
  for (const PassResult& result : results)
    if (result.name == pass) return result.patches;
  return -1;
}

std::string message_of(const PassOptions& options) {
  Graph graph = three_chains();
  try {
    run_passes(graph, options);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return error.message();
  }
  return "no error";
}

TEST(Driver, ReportsEveryPassWithItsPatches) {
  Graph graph = three_chains();
  const auto results = run_passes(graph, {});
  ASSERT_EQ(results.size(), all_passes().size());
  EXPECT_EQ(patches_of(results, "eliminate-no-ops"), 3);
  EXPECT_EQ(count_of(graph, "Identity"), 0);
}

TEST(Driver, SkipsPasses) {
  Graph graph = three_chains();
  PassOptions options;
  options.skip = {"eliminate-no-ops", "fuse-pointwise"};
  EXPECT_EQ(patches_of(run_passes(graph, options), "eliminate-no-ops"), 0);
  EXPECT_EQ(count_of(graph, "Identity"), 3);
}

TEST(Driver, RunsOnlyWhatIsAskedFor) {
  Graph graph = three_chains();
  PassOptions options;
  options.all = false;
  EXPECT_EQ(print(optimised(graph, options)), print(graph));
  options.only = {"eliminate-no-ops"};
  for (const PassResult& result : run_passes(graph, options))
    EXPECT_EQ(result.patches, result.name == "eliminate-no-ops" ? 3 : 0) << result.name;
}

TEST(Driver, StopsAfterANumberOfPatches) {
  for (int n = 0; n <= 3; ++n) {
    Graph graph = three_chains();
    PassOptions options;
    options.stop_after = fmt::format("eliminate-no-ops:{}", n);
    const auto results = run_passes(graph, options);
    EXPECT_EQ(patches_of(results, "eliminate-no-ops"), n);
    EXPECT_EQ(count_of(graph, "Identity"), 3 - n);
    EXPECT_EQ(patches_of(results, "fuse-pointwise"), 0) << "later passes do not run";
  }
}

// A pass that finds more when it comes round again counts on.
TEST(Driver, StopsAfterAPatchOfALaterRound) {
  constexpr auto drop_softmax_not_after_tanh = [](const Graph& graph) {
    std::vector<Patch> patches;
    for (NodeId id : graph.order()) {
      const Node* first = graph.producer(graph.node(id).inputs[0]);
      if (!graph.node(id).is("Softmax") || (first != nullptr && first->is("Tanh"))) continue;
      Patch patch(graph);
      patch.consume(id);
      patch.replace(graph.node(id).outputs[0], graph.node(id).inputs[0]);
      patches.push_back(std::move(patch));
    }
    return patches;
  };
  constexpr auto drop_tanh = [](const Graph& graph) {
    std::vector<Patch> patches;
    for (NodeId id : graph.order()) {
      if (!graph.node(id).is("Tanh")) continue;
      Patch patch(graph);
      patch.consume(id);
      patch.replace(graph.node(id).outputs[0], graph.node(id).inputs[0]);
      patches.push_back(std::move(patch));
    }
    return patches;
  };
  const Pass passes[] = {{"softmax", drop_softmax_not_after_tanh}, {"tanh", drop_tanh}};
  for (int n = 0; n <= 2; ++n) {
    Graph graph;
    GraphMaker m(graph);
    ValueId x = m.input("x", "float32[2]");
    for (const char* op : {"Softmax", "Tanh", "Softmax"}) x = m.add(op, {x});
    m.output(x);
    PassOptions options;
    options.stop_after = fmt::format("softmax:{}", n);
    std::vector<std::string> order;
    options.on_patch = [&](std::string_view pass, int patch) {
      order.push_back(fmt::format("{}:{}", pass, patch));
    };
    run_passes(graph, options, passes);
    EXPECT_EQ(count_of(graph, "Softmax"), 2 - n);
    EXPECT_EQ(count_of(graph, "Tanh"), n < 2 ? 1 : 0);
    const std::vector<std::string> all{"softmax:1", "tanh:1", "softmax:2"};
    EXPECT_EQ(order, std::vector(all.begin(), all.begin() + (n < 2 ? n : 3)));
  }
}

// The use of it: the first patch with which a wrong result appears.
TEST(Driver, StopAfterFindsTheWrongPatch) {
  constexpr auto drop_softmax = [](const Graph& graph) {
    std::vector<Patch> patches;
    for (NodeId id : graph.order()) {
      if (!graph.node(id).is("Softmax") && !graph.node(id).is("Identity")) continue;
      Patch patch(graph);
      patch.consume(id);
      patch.replace(graph.node(id).outputs[0], graph.node(id).inputs[0]);
      patches.push_back(std::move(patch));
    }
    return patches;
  };
  const Pass wrong[] = {{"wrong", drop_softmax}};
  Graph before;
  GraphMaker m(before);
  ValueId x = m.input("x", "float32[2]");
  for (const char* op : {"Relu", "Identity", "Tanh", "Softmax"}) x = m.add(op, {x});
  m.output(x);
  const std::vector<Value> inputs{Value(reals({2}, {1, 2}))};
  const auto expected = interpret(before, inputs);
  int first_wrong = -1;
  for (int n = 0; n <= 2 && first_wrong < 0; ++n) {
    Graph graph = before;
    PassOptions options;
    options.stop_after = fmt::format("wrong:{}", n);
    run_passes(graph, options, wrong);
    if (difference(expected[0], run_graph(graph, inputs)[0], 1e-6, 0)) first_wrong = n;
  }
  EXPECT_EQ(first_wrong, 2);
}

TEST(Driver, RefusesNamesOfNoPass) {
  PassOptions skip, only, stop;
  skip.skip = {"fuse-everything"};
  only.only = {"fuse-everything"};
  stop.stop_after = "fuse-everything:1";
  for (const PassOptions& options : {skip, only, stop})
    EXPECT_NE(message_of(options).find(
                  "there is no pass 'fuse-everything'; the passes are: multiply-bytes, "),
              std::string::npos)
        << message_of(options);
}

TEST(Driver, RefusesStopPointsThatAreNoNumbers) {
  for (const char* text : {"fold-constants:", "fold-constants:x", "fold-constants:1x",
                           "fold-constants:-1", "fold-constants:99999999999"}) {
    PassOptions options;
    options.stop_after = text;
    EXPECT_EQ(message_of(options), fmt::format("stop-after takes PASS or PASS:N, got '{}'", text));
  }
}

TEST(Driver, VisitsBodiesWithinBodies) {
  Graph innermost, inner, graph;
  inner.share_symbols(graph);
  innermost.share_symbols(graph);
  GraphMaker a(innermost), b(inner), c(graph);
  a.output(a.add("Softmax", {a.add("Identity", {a.input("x", "float32[2]")})}));
  const ValueId condition = b.input("c", "boolean[]"), x = b.input("x", "float32[2]");
  b.output(b.add_control("If", {condition, x}, {innermost, innermost}, 1)[0]);
  const ValueId outer = c.input("c", "boolean[]"), y = c.input("x", "float32[2]");
  c.output(c.add_control("If", {outer, outer, y}, {inner, inner}, 1)[0]);
  EXPECT_EQ(count_of(graph, "Identity"), 4);
  const auto results = run_passes(graph, {});
  EXPECT_EQ(count_of(graph, "Identity"), 0);
  EXPECT_EQ(patches_of(results, "eliminate-no-ops"), 4);
  verify(graph);
}

// Relu is written as two nodes, of which an inverse takes the second out.
std::vector<Patch> write_out_relu(const Graph& graph) {
  std::vector<Patch> patches;
  for (NodeId id : graph.order()) {
    if (!graph.node(id).is("Relu")) continue;
    Patch patch(graph);
    patch.consume(id);
    Node inner, outer;
    inner.op = "Abs";
    inner.inputs = graph.node(id).inputs;
    outer.op = "Neg";
    outer.inputs = {patch.add(std::move(inner))};
    patch.replace(graph.node(id).outputs[0], patch.add(std::move(outer)));
    patches.push_back(std::move(patch));
  }
  return patches;
}

// Names of the model mean the same after all passes: validation looks values up by them.
TEST(Driver, AValueThatComesToStandForAModelsOneTakesItsName) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.add("Relu", {m.input("x", "float32[2]")});
  m.output(m.add("Softmax", {m.add("Neg", {x})}));
  const std::vector<Pass> passes{{"write-out-relu", write_out_relu},
                                 {"cancel-inverses", cancel_inverses}};
  run_passes(graph, {}, passes);
  ASSERT_EQ(count_of(graph, "Neg"), 0) << print(graph);
  const Node& kept = graph.node(graph.order()[0]);
  EXPECT_EQ(kept.op, "Abs");
  EXPECT_EQ(graph.value(kept.outputs[0]).name, "Neg1");
}

TEST(Driver, NewNodesKnowWhereTheyCameFrom) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[1, 2, 2, 2]");
  const ValueId w = m.constant("w", ramp(ElementType::float32, {2, 2, 1, 1}));
  const ValueId v = m.constant("v", reals({2}, {1, 2}));
  const ValueId y = m.add("BatchNormalization", {m.add("Conv", {x, w}), v, v, v, v});
  m.output(m.add("Relu", {y}));
  run_passes(graph, {});
  ASSERT_EQ(graph.order().size(), 1u) << print(graph);
  const Node& fused = graph.node(graph.order()[0]);
  EXPECT_EQ(fused.op, "Conv");
  EXPECT_EQ(fused.origin.nodes,
            (std::vector<std::string>{"Conv0", "BatchNormalization1", "Relu2"}));
}

TEST(Driver, ConstantsKnowTheirRecipe) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId a = m.constant("a", reals({2}, {1, 2})), b = m.constant("b", reals({2}, {3, 4}));
  m.output(m.add("Mul", {m.input("x", "float32[2]"), m.add("Add", {a, b})}));
  graph = after_pass(graph, "fold-constants");
  const Node& product = graph.node(graph.order().at(0));
  const Recipe& recipe = graph.value(product.inputs[1]).constant->recipe;
  EXPECT_EQ(recipe.initializers, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(recipe.operations, (std::vector<std::string>{"Add {}"}));
}

TEST(Driver, OutputsKeepTheirNames) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[2]");
  graph.add_output(m.add("Identity", {x}), "result");
  graph.add_output(m.add("Relu", {m.add("Neg", {x})}), "other");
  run_passes(graph, {});
  EXPECT_EQ(graph.output_names(), (std::vector<std::string>{"result", "other"}));
  EXPECT_EQ(graph.outputs()[0], graph.inputs()[0]);
}

// What can't be computed while building fails when it runs, if it runs.
TEST(Driver, FailingConstantsInBranchesNotTakenDoNoHarm) {
  Graph yes, no, graph;
  yes.share_symbols(graph);
  no.share_symbols(graph);
  GraphMaker y(yes), n(no), m(graph);
  y.output(y.add("Neg", {y.input("x", "float32[2]")}));
  n.input("x", "float32[2]");
  n.output(
      n.add("Gather", {n.constant("c", reals({2}, {1, 2})), n.constant("outside", ints({7, 0}))}));
  const ValueId condition = m.input("c", "boolean[]"), x = m.input("x", "float32[2]");
  m.output(m.add_control("If", {condition, x}, {yes, no}, 1)[0]);
  Tensor truth(ElementType::boolean, {});
  store_element<int64_t>(truth.view(), 0, 1);
  const std::vector<Value> inputs{Value(truth), Value(reals({2}, {1, 2}))};
  const auto results = run_graph(optimised(graph), inputs);
  EXPECT_EQ(load_all<double>(results[0].tensor.view()), (std::vector<double>{-1, -2}));
}

TEST(Patch, RefusesToChangeAType) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[2]"), y = m.add("Relu", {x});
  const ValueId c = m.constant("c", ints({2}, {1, 2}));
  m.output(y);
  Patch patch(graph);
  patch.consume(graph.value(y).producer);
  patch.replace(y, c);
  EXPECT_THROW(apply_patch(graph, patch), Error);
}

TEST(Patch, IsVoidWhenAnotherTookItsNode) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[2]"), y = m.add("Identity", {x});
  m.output(y);
  Patch patch(graph);
  patch.consume(graph.value(y).producer);
  patch.replace(y, x);
  EXPECT_TRUE(apply_patch(graph, patch));
  EXPECT_FALSE(apply_patch(graph, patch));
}

}  // namespace
}  // namespace cermet::testing
