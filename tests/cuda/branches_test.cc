// Branches of a segment side by side, in auxiliary streams: the emulator runs a graph in any order
// that its edges allow, so that a missing one gives wrong numbers.
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/cuda/device_engine.h"
#include "tests/cuda/driver_calls.h"
#include "tests/cuda/emulated_card.h"
#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

constexpr int runs_of_all_ways = 50;  // more than are measured

std::string order_setting(int seed) { return fmt::format("late=1,order={}", seed); }

std::vector<int64_t> numbers(size_t count, int64_t value) {
  return std::vector<int64_t>(count, value);
}

ValueId convolution(GraphMaker& m, ValueId x, int64_t from, int64_t to, int64_t kernel) {
  const ValueId w = m.constant("w", ramp(ElementType::float32, {to, from, kernel, kernel}));
  return m.add("Relu", {m.add("Conv", {x, w}, attributes({{"pads", numbers(4, kernel / 2)}}))});
}

// Two modules of Inception's, whose towers are 1, 2, 3 and 2 steps long.
Graph towers() {
  Graph graph;
  GraphMaker m(graph);
  ValueId x = m.input("x", "float32[1, 8, 6, 6]");
  for (int module = 0; module < 2; ++module) {
    const ValueId a = convolution(m, x, 8, 2, 1);
    const ValueId b = convolution(m, convolution(m, x, 8, 3, 3), 3, 2, 3);
    const ValueId c = convolution(m, convolution(m, convolution(m, x, 8, 3, 3), 3, 3, 3), 3, 2, 1);
    const ValueId pool = m.add(
        "MaxPool", {x}, attributes({{"kernel_shape", numbers(2, 3)}, {"pads", numbers(4, 1)}}));
    x = m.add("Concat", {a, b, c, convolution(m, pool, 8, 2, 1)},
              attributes({{"axis", int64_t{1}}}));
  }
  m.output(x);
  return graph;
}

// One kernel behind the other.
Graph chain() {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[4, 8]");
  const ValueId w = m.constant("w", ramp(ElementType::float32, {8, 8}));
  m.output(m.add("Softmax", {m.add("MatMul", {m.add("Softmax", {m.add("MatMul", {x, w})}), w})}));
  return graph;
}

class Branches : public ::testing::Test {
 protected:
  void use(const Graph& graph, Shape shape, int card = 0) {
    x_ = ramp(ElementType::float32, shape);
    expected_ = interpret(graph, {Value(x_)})[0];
    engine_ = engine_on_device(optimised(graph), graph, card);
    output_ = engine_->outputs()[0].name;
  }

  // Runs until all ways were measured; how many streams were made meanwhile.
  int64_t streams_made(const ContextOptions& options, int seed) {
    const int64_t before = driver_calls("cuStreamCreate");
    const test::FakeCudaSettings settings(order_setting(seed).c_str());
    ExecutionContext context(engine_, options);
    context.set_input("x", x_.view());
    for (int run = 0; run < runs_of_all_ways; ++run) {
      context.execute();
      const Value got = context.output_value(output_);
      EXPECT_EQ(difference(expected_, got, 1e-5, 1e-6).value_or(""), "")
          << "run " << run << ", order " << seed;
    }
    return driver_calls("cuStreamCreate") - before - 1;  // without the context's own
  }

  std::shared_ptr<const Engine> engine_;
  Tensor x_;
  Value expected_;
  std::string output_;
};

class EmulatorBranches : public Branches {};

// On the second card kernels of one stream may start while the one in front of them ends.
TEST_F(EmulatorBranches, GiveTheSameInEveryOrder) {
  const Graph graph = towers();
  for (const int card : {0, 1}) {
    use(graph, {1, 8, 6, 6}, card);
    for (int seed = 1; seed <= 3; ++seed)
      EXPECT_GE(streams_made({.threads = 1}, seed), 2) << "order " << seed;
  }
}

TEST_F(EmulatorBranches, TakeNoMoreStreamsThanTheContextMay) {
  const Graph graph = towers();
  use(graph, {1, 8, 6, 6});
  EXPECT_EQ(streams_made({.threads = 1, .max_aux_streams = 1}, 1), 1);
  EXPECT_EQ(streams_made({.threads = 1, .max_aux_streams = 0}, 1), 0);
}

TEST_F(EmulatorBranches, AreNotLookedForInAChain) {
  use(chain(), {4, 8});
  EXPECT_EQ(streams_made({.threads = 1}, 1), 0);
}

// On any card, whatever way is taken.
TEST_F(Branches, GiveTheSameBitsInEveryRun) {
  const Graph graph = towers();
  use(graph, {1, 8, 6, 6});
  const auto runs = run_often(engine_, {Value(x_)}, runs_of_all_ways);
  for (const std::vector<Value>& outputs : runs) {
    EXPECT_EQ(difference(expected_, outputs[0], 1e-5, 1e-6).value_or(""), "");
    EXPECT_EQ(difference(runs[0][0], outputs[0], 0, 0).value_or(""), "");
  }
}

TEST_F(Branches, ANegativeNumberOfStreamsIsRefused) {
  use(chain(), {4, 8});
  try {
    const ExecutionContext context(engine_, {.threads = 1, .max_aux_streams = -1});
    FAIL() << "a context was made";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_STREQ(error.what(), "max_aux_streams: expected 0 streams or more, got -1");
  }
}

}  // namespace
}  // namespace cermet::testing
