// Free sizes: runs at many of them, profiles, and what is refused.
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

// x[N, 4] and y[N, M] to a product, a reshape and a sum.
Graph free_sizes() {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[N, 4]"), y = m.input("y", "float32[N, M]");
  const ValueId w = m.constant("w", ramp(ElementType::float32, {4, 6}));
  const ValueId product = m.add("Relu", {m.add("MatMul", {x, w})});
  m.output(m.add("Reshape", {product, m.constant("shape", ints({-1, 3}))}));
  m.output(m.add("Softmax", {m.add("Concat", {y, x}, attributes({{"axis", int64_t{1}}}))}));
  return graph;
}

std::vector<Value> values_at(int64_t n, int64_t m) {
  return {Value(ramp(ElementType::float32, {n, 4})), Value(ramp(ElementType::float32, {n, m}))};
}

void set(ExecutionContext& context, const std::vector<Value>& values) {
  context.set_input("x", values[0]);
  context.set_input("y", values[1]);
}

std::string refusal(const std::shared_ptr<const Engine>& engine, const Shape& x, const Shape& y) {
  ExecutionContext context(engine, {.threads = 1});
  try {
    set(context, {Value(Tensor(ElementType::float32, x)), Value(Tensor(ElementType::float32, y))});
    context.execute();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::out_of_range) << error.message();
    return error.message();
  }
  return "";
}

TEST(DynamicShapes, OneContextTakesAnySize) {
  const Graph graph = free_sizes();
  for (Kernels kernels : {Kernels::reference, Kernels::own}) {
    const auto engine = engine_of(optimised(graph), {}, kernels);
    ExecutionContext context(engine, {.threads = 2});
    for (const auto& [n, m] : std::vector<std::pair<int64_t, int64_t>>{
             {1, 1}, {3, 2}, {64, 33}, {1, 1}, {0, 2}, {5, 0}, {3, 2}}) {
      const std::vector<Value> inputs = values_at(n, m);
      const auto expected = interpret(graph, inputs);
      set(context, inputs);
      context.execute();
      for (size_t i = 0; i < expected.size(); ++i)
        EXPECT_EQ(
            difference(expected[i], context.output_value(engine->outputs()[i].name), 1e-5, 1e-5)
                .value_or(""),
            "")
            << "N=" << n << " M=" << m;
    }
  }
}

TEST(DynamicShapes, PredictedBytesAreTheBytesUsed) {
  for (Kernels kernels : {Kernels::reference, Kernels::own}) {
    const auto engine = engine_of(optimised(free_sizes()), {}, kernels);
    ExecutionContext context(engine, {.threads = 2});
    size_t peak = 0;
    for (int64_t i = 0; i < 20; ++i) {
      const int64_t n = i * 7 % 20, m = 1 + i * i % 31;
      set(context, values_at(n, m));
      context.execute();
      const size_t bytes = engine->activation_bytes({{"x", {n, 4}}, {"y", {n, m}}}, 2);
      EXPECT_EQ(context.activation_bytes(), bytes) << "N=" << n << " M=" << m;
      EXPECT_TRUE(n == 0 || bytes > 0);
      peak = std::max(peak, bytes);
      EXPECT_EQ(context.peak_activation_bytes(), peak);
    }
  }
}

TEST(DynamicShapes, MemoryOfTheCallerIsEnoughWhenAsPredicted) {
  const auto engine = engine_of(free_sizes());
  const size_t bytes = engine->activation_bytes({{"x", {8, 4}}, {"y", {8, 5}}}, 1);
  Tensor memory(ElementType::uint8, {static_cast<int64_t>(bytes)});
  const auto run_with = [&](size_t given) {
    ExecutionContext context(engine,
                             {.threads = 1, .memory = memory.view().data, .memory_bytes = given});
    set(context, values_at(8, 5));
    context.execute();
  };
  EXPECT_NO_THROW(run_with(bytes));
  EXPECT_THROW(run_with(bytes - 1), Error);
}

TEST(DynamicShapes, SizesThatContradictTheModelAreRefused) {
  const auto engine = engine_of(free_sizes());
  EXPECT_EQ(refusal(engine, {2, 5}, {2, 1}), "input 'x', dimension 1: expected 4, got 5");
  EXPECT_EQ(refusal(engine, {2, 4}, {3, 1}),
            "input 'y', dimension 0: N is 2 in input 'x', dimension 0, but 3 here");
  EXPECT_EQ(refusal(engine, {2, 4, 1}, {2, 1}),
            "input 'x': expected 2 dimensions [N, 4], got shape [2, 4, 1]");
}

TEST(Profiles, AnyOneMayTakeTheShapes) {
  const Profile small{{{"x", {1, 4}, {2, 4}, {3, 4}}}};
  const Profile large{{{"x", {10, 4}, {20, 4}, {30, 4}}, {"y", {1, 1}, {1, 8}, {99, 8}}}};
  const auto engine = engine_of(free_sizes(), {small, large});
  EXPECT_EQ(refusal(engine, {1, 4}, {1, 50}), "");
  EXPECT_EQ(refusal(engine, {3, 4}, {3, 1}), "");
  EXPECT_EQ(refusal(engine, {30, 4}, {30, 8}), "");
  EXPECT_EQ(refusal(engine, {5, 4}, {5, 1}),
            "input 'x', dimension 0: 5 is outside the profile's range 1 to 3 (and no other of the "
            "2 profiles takes it)");
  EXPECT_NE(refusal(engine, {10, 4}, {10, 9}), "");
}

TEST(Profiles, TheOnlyOneSpeaksForItself) {
  const auto engine = engine_of(free_sizes(), {Profile{{{"y", {1, 2}, {4, 4}, {8, 6}}}}});
  EXPECT_EQ(refusal(engine, {2, 4}, {2, 7}),
            "input 'y', dimension 1: 7 is outside the profile's range 2 to 6");
  EXPECT_EQ(refusal(engine, {9, 4}, {9, 3}),
            "input 'y', dimension 0: 9 is outside the profile's range 1 to 8");
}

// No channels go in, or none come out: every sum is empty, or there is none.
TEST(Shapes, ConvolutionsWithoutWeights) {
  for (const Shape& weights : {Shape{16, 0, 3, 3}, Shape{0, 16, 3, 3}}) {
    Graph graph;
    GraphMaker m(graph);
    const ValueId x = m.input("x", fmt::format("float32[1, {}, 8, 8]", weights[1]));
    m.output(m.add("Conv", {x, m.constant("w", Tensor(ElementType::float32, weights))}));
    const std::vector<Value> inputs{Tensor(ElementType::float32, {1, weights[1], 8, 8})};
    for (const Kernels kernels : {Kernels::own, Kernels::any}) {
      const Value got = run_engine(engine_of(graph, {}, kernels), inputs)[0];
      EXPECT_EQ(difference(run_graph(graph, inputs)[0], got, 0, 0), std::nullopt);
    }
  }
}

TEST(DynamicShapes, AContextIsUsableAfterARefusal) {
  const auto engine = engine_of(free_sizes());
  ExecutionContext context(engine, {.threads = 1});
  set(context,
      {Value(Tensor(ElementType::float32, {2, 4})), Value(Tensor(ElementType::float32, {3, 4}))});
  EXPECT_THROW(context.execute(), Error);
  EXPECT_THROW(context.output(engine->outputs()[0].name), Error);
  set(context, values_at(2, 2));
  context.execute();
  EXPECT_EQ(context.output(engine->outputs()[0].name).shape, (Shape{4, 3}));
}

}  // namespace
}  // namespace cermet::testing
