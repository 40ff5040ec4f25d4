// Batches in slices: an engine that runs its steps several times gives what it gives in one piece.
#include <gtest/gtest.h>

#include "base/error.h"
#include "lower/lower.h"
#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

// Two inputs, and an output of two rows for each item.
Graph two_rows(std::string_view batch) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", fmt::format("float32[{}, 4]", batch));
  const ValueId y = m.input("y", fmt::format("float32[{}, 4]", batch));
  const ValueId sum = m.add("Add", {m.add("Exp", {x}), y});
  m.output(sum);
  m.output(m.add("Reshape", {m.add("Neg", {sum}), m.constant("rows", ints({-1, 2}))}));
  return graph;
}

std::shared_ptr<const Engine> sliced(std::string_view items, const Dim& batch,
                                     Kernels kernels = Kernels::own) {
  Plan plan = lower(optimised(two_rows(items)));
  plan.batch = batch;
  return engine_of(std::move(plan), kernels);
}

std::vector<Value> inputs_of(int64_t items) {
  std::vector<float> y;
  for (int64_t i = 0; i < 4 * items; ++i) y.push_back(static_cast<float>(i));
  return {Value(ramp(ElementType::float32, {items, 4})), Value(reals({items, 4}, y))};
}

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

TEST(Batch, SlicesGiveWhatTheWholeGives) {
  const Graph whole = two_rows("N");
  for (const std::string_view items : {"1", "2"})
    for (const Kernels kernels : {Kernels::reference, Kernels::own})
      for (const int64_t n : {2, 4, 6, 0}) {
        SCOPED_TRACE(fmt::format("{} items in slices of {}", n, items));
        const auto expected = interpret(whole, inputs_of(n));
        const auto got = run_engine(sliced(items, Dim::symbol("N"), kernels), inputs_of(n));
        ASSERT_EQ(got.size(), expected.size());
        for (size_t i = 0; i < got.size(); ++i)
          EXPECT_EQ(difference(expected[i], got[i], 1e-5, 1e-6), std::nullopt);
      }
}

TEST(Batch, CallersSeeTheWholeOfIt) {
  const auto any = sliced("2", Dim::symbol("N")), fixed = sliced("2", 8);
  EXPECT_EQ(any->inputs()[0].dims->front(), "N");
  EXPECT_EQ(any->outputs()[1].dims->front(), "2*N");
  EXPECT_EQ(fixed->inputs()[1].dims->front(), "8");
  EXPECT_EQ(fixed->outputs()[1].dims->front(), "16");
}

TEST(Batch, OtherSizesAreRefused) {
  EXPECT_EQ(message_of([] { run_engine(sliced("2", Dim::symbol("N")), inputs_of(3)); }),
            "input 'x', dimension 0: expected a multiple of 2, got 3");
  EXPECT_EQ(message_of([] { run_engine(sliced("2", 8), inputs_of(6)); }),
            "input 'x', dimension 0: expected 8, got 6");
  Graph nothing;
  GraphMaker m(nothing);
  m.output(m.add("Exp", {m.input("x", "float32[1, 0]")}));
  Plan plan = lower(nothing);
  plan.batch = Dim::symbol("N");
  const auto engine = engine_of(std::move(plan));
  const std::vector<Value> many{Value(Tensor(ElementType::float32, {int64_t{1} << 62, 0}))};
  EXPECT_EQ(message_of([&] { run_engine(engine, many); }),
            "input 'x', dimension 0: expected at most 16777216, got 4611686018427387904");
  const std::vector<Value> mixed{inputs_of(4)[0], inputs_of(2)[1]};
  EXPECT_EQ(message_of([&] { run_engine(sliced("2", Dim::symbol("N")), mixed); }),
            "input 'y', dimension 0: N is 4 in input 'x', dimension 0, but 2 here");
}

class InContext : public ::testing::Test {
 protected:
  void run(int64_t items) {
    inputs_ = inputs_of(items);
    context_.set_input("x", std::as_const(inputs_[0].tensor).view());
    context_.set_input("y", std::as_const(inputs_[1].tensor).view());
    context_.execute();
  }

  std::shared_ptr<const Engine> engine_ = sliced("2", Dim::symbol("N"));
  ExecutionContext context_{engine_, {.threads = 1}};
  std::vector<Value> inputs_;
};
using BatchInContext = InContext;

TEST_F(BatchInContext, OutputsGoToTheCallersMemory) {
  const std::string name = engine_->outputs()[1].name;
  std::vector<float> memory(2 * 6 * 2);
  context_.set_output_memory(name, memory.data(), memory.size() * sizeof(float));
  run(6);
  const auto expected = interpret(two_rows("N"), inputs_);
  EXPECT_EQ(difference(expected[1], context_.output_value(name), 1e-5, 1e-6), std::nullopt);
  EXPECT_EQ(context_.output(name).data, memory.data());
  EXPECT_EQ(message_of([&] { run(8); }),
            fmt::format("output '{}' of shape [16, 2] takes 128 bytes, its memory has 96", name));
}

TEST_F(BatchInContext, ShapesMayChange) {
  for (const int64_t n : {4, 2, 6, 4}) {
    run(n);
    const auto expected = interpret(two_rows("N"), inputs_);
    for (size_t i = 0; i < expected.size(); ++i)
      EXPECT_EQ(
          difference(expected[i], context_.output_value(engine_->outputs()[i].name), 1e-5, 1e-6),
          std::nullopt);
  }
}

TEST_F(BatchInContext, StepsAreTimedInEachSlice) {
  context_.profile_steps(true);
  run(2);
  const size_t once = context_.step_times().size();
  run(6);
  EXPECT_EQ(context_.step_times().size(), 3 * once);
}

TEST_F(BatchInContext, MemoryIsThatOfASliceAndTheResults) {
  run(2);
  const size_t slice = context_.activation_bytes();
  run(64);
  const InputShapes shapes{{"x", {64, 4}}, {"y", {64, 4}}};
  EXPECT_EQ(engine_->activation_bytes(shapes), context_.activation_bytes());
  const ExecutionPlan plan = engine_->execution_plan(shapes);
  EXPECT_EQ(plan.slices, 32);
  EXPECT_EQ(plan.arena_bytes, context_.activation_bytes());
  EXPECT_EQ(plan.tensors[0].shape, Shape({2, 4}));
  const size_t results = 2 * 64 * 4 * sizeof(float);
  EXPECT_EQ(plan.arena_bytes, slice + results);
}

}  // namespace
}  // namespace cermet::testing
