// One engine in many threads, each with a context and shapes of its own.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

constexpr int threads_at_once = 16;
constexpr int runs = 20;

// Kernels bound to shapes, fused ones among them, and a size that depends on data.
Graph mixed_graph() {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[N, 8]");
  const ValueId w = m.constant("w", ramp(ElementType::float32, {8, 24}));
  const ValueId hidden = m.add("Relu", {m.add("MatMul", {x, w})});
  m.output(m.add("Softmax", {m.add("Mul", {hidden, hidden})}, attributes({{"axis", int64_t{1}}})));
  const ValueId mean = m.add("ReduceMean", {hidden, m.constant("axis", ints({1}))},
                             attributes({{"keepdims", int64_t{1}}}));
  m.output(m.add("Transpose", {m.add("Sub", {hidden, mean})}));
  m.output(m.add("NonZero", {x}));
  return graph;
}

std::vector<Profile> two_profiles() {
  const auto range = [](int64_t least, int64_t usual, int64_t most) {
    return Profile{{{"x", {least, 8}, {usual, 8}, {most, 8}}}};
  };
  return {range(1, 4, 8), range(16, 24, 40)};
}

Tensor input_of(int64_t rows, int shift) {
  Tensor x = ramp(ElementType::float32, {rows, 8});
  auto* elements = x.view().as<float>();
  for (int64_t i = 0; i < x.elements(); ++i) elements[i] += static_cast<float>(shift % 5);
  return x;
}

// Sizes within either profile, others for each thread.
int64_t rows_of(int thread, int run) {
  return run % 2 == 0 ? 1 + (thread + run) % 8 : 16 + (thread * 3 + run) % 25;
}

int wrong_runs(const Graph& graph, const std::shared_ptr<const Engine>& engine, int thread) {
  int wrong = 0;
  ExecutionContext context(engine, {.threads = 1 + thread % 3, .shape_cache = 2});
  for (int run = 0; run < runs; ++run) {
    const Value x(input_of(rows_of(thread, run), thread));
    context.set_input("x", x);
    context.execute();
    const std::vector<Value> expected = interpret(graph, {x});
    for (size_t i = 0; i < expected.size(); ++i)
      wrong += difference(expected[i], context.output_value(engine->outputs()[i].name), 1e-5, 1e-6)
                   .has_value();
  }
  return wrong;
}

class SharedEngine : public ::testing::TestWithParam<Kernels> {};

TEST_P(SharedEngine, GivesEachThreadItsOwnResults) {
  const Graph graph = mixed_graph();
  const auto engine = engine_of(optimised(graph), two_profiles(), GetParam());
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < threads_at_once; ++thread)
    threads.emplace_back([&, thread] { wrong += wrong_runs(graph, engine, thread); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_P(SharedEngine, RefusesShapesWhileOthersRun) {
  const auto engine = engine_of(optimised(mixed_graph()), two_profiles(), GetParam());
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < threads_at_once; ++thread)
    threads.emplace_back([&, thread] {
      ExecutionContext context(engine, {.threads = 1});
      context.set_input("x", Value(input_of(thread % 2 ? 12 : 4, thread)));
      try {
        context.execute();
      } catch (const Error& error) {
        refused += error.code() == ErrorCode::out_of_range;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(refused, threads_at_once / 2);
}

INSTANTIATE_TEST_SUITE_P(Kernels, SharedEngine, ::testing::Values(Kernels::reference, Kernels::own),
                         [](const auto& info) {
                           return info.param == Kernels::own ? "Own" : "Reference";
                         });

}  // namespace
}  // namespace cermet::testing
