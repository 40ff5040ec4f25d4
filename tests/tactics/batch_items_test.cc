// Which steps keep the items of a batch apart. A step that is said to keep them has to give each
// item alone what it gives all of them together.
#include "tactics/batch_items.h"

#include <gtest/gtest.h>

#include "lower/lower.h"
#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

// x is float32[N, 4, 6], y float32[N, 6, 4], i int64[N, 4].
struct Ends {
  GraphMaker& m;
  ValueId x, y, i;
};

struct Row {
  std::string_view name;
  ValueId (*output)(const Ends&);
};

Graph graph_of(const Row& row) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[N, 4, 6]"), y = m.input("y", "float32[N, 6, 4]");
  m.output(row.output({m, x, y, m.input("i", "int64[N, 4]")}));
  return graph;
}

using Ints = std::vector<int64_t>;
ValueId weights(GraphMaker& m, Shape shape) {
  return m.constant("w", ramp(ElementType::float32, std::move(shape)));
}
ValueId list(GraphMaker& m, std::string name, const Ints& values) {
  return m.constant(std::move(name), ints(values));
}

const Row keeping[] = {
    {"Pointwise", [](const Ends& e) { return e.m.add("Add", {e.x, e.m.add("Exp", {e.x})}); }},
    {"BroadcastOfAConstant",
     [](const Ends& e) { return e.m.add("Mul", {e.x, weights(e.m, {4, 1})}); }},
    {"BroadcastOfOneItem",
     [](const Ends& e) { return e.m.add("Mul", {e.x, weights(e.m, {1, 4, 6})}); }},
    {"Convolution", [](const Ends& e) { return e.m.add("Conv", {e.x, weights(e.m, {2, 4, 3})}); }},
    {"Pooling",
     [](const Ends& e) {
       return e.m.add("MaxPool", {e.x}, attributes({{"kernel_shape", Ints{2}}}));
     }},
    {"Reduction",
     [](const Ends& e) { return e.m.add("ReduceSum", {e.x, list(e.m, "axes", {1})}); }},
    {"Softmax",
     [](const Ends& e) { return e.m.add("Softmax", {e.x}, attributes({{"axis", int64_t{1}}})); }},
    {"LayerNormalization",
     [](const Ends& e) { return e.m.add("LayerNormalization", {e.x, weights(e.m, {6})}); }},
    {"ProductWithWeights",
     [](const Ends& e) { return e.m.add("MatMul", {e.x, weights(e.m, {6, 3})}); }},
    {"ProductOfBoth", [](const Ends& e) { return e.m.add("MatMul", {e.x, e.y}); }},
    {"ProductFromTheLeft",
     [](const Ends& e) { return e.m.add("MatMul", {weights(e.m, {2, 4}), e.x}); }},
    {"Transpose",
     [](const Ends& e) {
       return e.m.add("Transpose", {e.x}, attributes({{"perm", Ints{0, 2, 1}}}));
     }},
    {"RowsOfItems",
     [](const Ends& e) {
       return e.m.add("Exp", {e.m.add("Reshape", {e.x, list(e.m, "shape", {-1, 6})})});
     }},
    {"Embedding",
     [](const Ends& e) {
       return e.m.add("Gather", {weights(e.m, {7, 3}), e.m.add("Abs", {e.i})});
     }},
    {"GatherWithin",
     [](const Ends& e) {
       return e.m.add("Gather", {e.x, list(e.m, "at", {1, 0})}, attributes({{"axis", int64_t{2}}}));
     }},
    {"Concat",
     [](const Ends& e) {
       return e.m.add("Concat", {e.x, e.m.add("Neg", {e.x})}, attributes({{"axis", int64_t{1}}}));
     }},
    {"Slice",
     [](const Ends& e) {
       return e.m.add("Slice", {e.x, list(e.m, "starts", {1}), list(e.m, "ends", {3}),
                                list(e.m, "axes", {1})});
     }},
    {"Pad",
     [](const Ends& e) { return e.m.add("Pad", {e.x, list(e.m, "pads", {0, 1, 0, 0, 0, 2})}); }},
    {"Split",
     [](const Ends& e) {
       return e.m.add_all("Split", {e.x}, 2,
                          attributes({{"axis", int64_t{2}}, {"num_outputs", int64_t{2}}}))[0];
     }},
    {"Expand",
     [](const Ends& e) {
       return e.m.add(
           "Concat",
           {e.x,
            e.m.add("Expand", {weights(e.m, {1, 1, 6}),
                               e.m.add("Concat",
                                       {e.m.add("Shape", {e.x}, attributes({{"end", int64_t{1}}})),
                                        list(e.m, "rest", {1, 6})},
                                       attributes({{"axis", int64_t{0}}}))})},
           attributes({{"axis", int64_t{1}}}));
     }},
};

// The batch as a number, less than it or not.
ValueId items(GraphMaker& m, ValueId x, int64_t less = 0) {
  const ValueId size = m.add("Shape", {x}, attributes({{"end", int64_t{1}}}));
  return less == 0 ? size : m.add("Sub", {size, list(m, "less", {less})});
}

const Row mixing[] = {
    {"SliceFromTheBatchOn",
     [](const Ends& e) {
       return e.m.add("Slice",
                      {e.x, items(e.m, e.x, 2), list(e.m, "ends", {1000}), list(e.m, "axes", {2})});
     }},
    {"SliceOfSomeFromTheBatchOn",
     [](const Ends& e) {
       return e.m.add("Slice",
                      {e.x, items(e.m, e.x, 2), items(e.m, e.x, 1), list(e.m, "axes", {2})});
     }},
    {"SliceInStepsOfTheBatch",
     [](const Ends& e) {
       return e.m.add("Slice", {e.x, list(e.m, "starts", {0}), list(e.m, "ends", {1000}),
                                list(e.m, "axes", {2}), items(e.m, e.x)});
     }},
    {"PadOfTheBatch",
     [](const Ends& e) {
       return e.m.add(
           "Pad", {e.i, list(e.m, "pads", {0, 1, 0, 0}), e.m.add("Squeeze", {items(e.m, e.i)})});
     }},
    {"ScaleOfEachItem",
     [](const Ends& e) { return e.m.add("LayerNormalization", {e.x, weights(e.m, {3, 1, 6})}); }},
    {"SoftmaxOverItems",
     [](const Ends& e) { return e.m.add("Softmax", {e.x}, attributes({{"axis", int64_t{0}}})); }},
    {"ItemsBackwards",
     [](const Ends& e) {
       return e.m.add("Slice", {e.x, list(e.m, "starts", {-1}), list(e.m, "ends", {INT64_MIN}),
                                list(e.m, "axes", {0}), list(e.m, "steps", {-1})});
     }},
    {"ItemsBackwardsByNegativeAxis",
     [](const Ends& e) {
       return e.m.add("Slice", {e.x, list(e.m, "starts", {-1}), list(e.m, "ends", {INT64_MIN}),
                                list(e.m, "axes", {-3}), list(e.m, "steps", {-1})});
     }},
    {"SumOfItems",
     [](const Ends& e) { return e.m.add("ReduceSum", {e.x, list(e.m, "axes", {0})}); }},
    {"SumOfItemsAdded",
     [](const Ends& e) {
       return e.m.add("Add", {e.x, e.m.add("ReduceSum", {e.x, list(e.m, "axes", {0})})});
     }},
    {"TransposeOfItems",
     [](const Ends& e) {
       return e.m.add("Transpose", {e.x}, attributes({{"perm", Ints{1, 0, 2}}}));
     }},
    {"PlacesOfMaxima",
     [](const Ends& e) {
       return e.m.add_all("MaxPool", {e.x}, 2, attributes({{"kernel_shape", Ints{2}}}))[1];
     }},
    {"CumulativeSum",
     [](const Ends& e) { return e.m.add("CumSum", {e.x, e.m.constant("axis", ints({}, {0}))}); }},
    {"PadOfItems",
     [](const Ends& e) { return e.m.add("Pad", {e.x, list(e.m, "pads", {1, 0, 0, 0, 0, 0})}); }},
    {"ItemsMovedOn",
     [](const Ends& e) { return e.m.add("Pad", {e.x, list(e.m, "pads", {1, 0, 0, -1, 0, 0})}); }},
    {"ConcatOfItems",
     [](const Ends& e) {
       return e.m.add("Concat", {e.x, e.m.add("Neg", {e.x})}, attributes({{"axis", int64_t{0}}}));
     }},
    {"ItemByData", [](const Ends& e) { return e.m.add("Gather", {e.x, e.m.add("Shape", {e.x})}); }},
    {"BatchAsANumber",
     [](const Ends& e) {
       return e.m.add(
           "Mul",
           {e.x, e.m.add("Cast", {e.m.add("Shape", {e.x}, attributes({{"end", int64_t{1}}}))},
                         attributes({{"to", int64_t{1}}}))});
     }},
    {"RandomNumbers",
     [](const Ends& e) { return e.m.add("Add", {e.x, e.m.add("RandomUniformLike", {e.x})}); }},
    {"NoBatchComesOut",
     [](const Ends& e) {
       return e.m.add("ReduceSum", {e.x}, attributes({{"keepdims", int64_t{0}}}));
     }},
    {"ProductOfItems",
     [](const Ends& e) {
       return e.m.add("MatMul", {weights(e.m, {3, 4}),
                                 e.m.add("Transpose", {e.i}, attributes({{"perm", Ints{1, 0}}}))});
     }},
};

std::optional<std::string> mixes(const Graph& graph) {
  return mixes_items(lower(optimised(graph)), "N");
}

TEST(BatchItems, StepsThatKeepThemApart) {
  for (const Row& row : keeping) {
    SCOPED_TRACE(row.name);
    const Graph graph = graph_of(row);
    EXPECT_EQ(mixes(graph), std::nullopt);
    const std::vector<Value> inputs{Value(ramp(ElementType::float32, {3, 4, 6})),
                                    Value(ramp(ElementType::float32, {3, 6, 4})),
                                    Value(ramp(ElementType::int64, {3, 4}))};
    const std::vector<Value> expected = interpret(graph, inputs);
    const auto got = run_item_by_item(engine_of(optimised(graph)), inputs);
    for (size_t o = 0; o < expected.size(); ++o)
      EXPECT_EQ(difference(expected[o], got[o], 1e-5, 1e-6), std::nullopt);
  }
}

TEST(BatchItems, StepsThatMayMixThem) {
  for (const Row& row : mixing) {
    SCOPED_TRACE(row.name);
    EXPECT_NE(mixes(graph_of(row)), std::nullopt);
  }
}

TEST(BatchItems, TheReasonNamesTheOperator) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[N, 4]");
  m.output(m.add("CumSum", {x, m.constant("axis", ints({}, {0}))}));
  EXPECT_EQ(mixes(graph), "CumSum may mix the items of a batch");
  Graph fixed;
  GraphMaker f(fixed);
  f.output(f.add("Exp", {f.input("x", "float32[2, 4]")}));
  EXPECT_EQ(mixes(fixed), "input 'x' does not begin with the batch");
}

}  // namespace
}  // namespace cermet::testing
