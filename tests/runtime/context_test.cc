// Contexts: no allocation on shapes already seen, the cache of shapes, threads.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <thread>

#include "lower/lower.h"
#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

// Sanitizers bring an allocator of their own: then nothing is counted.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CERMET_COUNTS_ALLOCATIONS 0
#else
#define CERMET_COUNTS_ALLOCATIONS 1
#endif

namespace {
std::atomic<int64_t> allocations{0};
}  // namespace

#if CERMET_COUNTS_ALLOCATIONS
namespace {

void* counted(size_t bytes, size_t alignment) {
  ++allocations;
  const size_t whole = (std::max<size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
  if (void* memory = std::aligned_alloc(alignment, whole)) return memory;
  throw std::bad_alloc();
}
}  // namespace

void* operator new(size_t bytes) { return counted(bytes, alignof(std::max_align_t)); }
void* operator new[](size_t bytes) { return counted(bytes, alignof(std::max_align_t)); }
void* operator new(size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<size_t>(alignment));
}
void* operator new[](size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
#endif

namespace cermet::testing {
namespace {

// Only operators that have kernels bound to shapes.
Graph pointwise_graph(std::string_view batch = "N") {
  Graph graph;
  GraphMaker m(graph);
  const std::string type = fmt::format("float32[{}, 8]", batch);
  const ValueId x = m.input("x", type), y = m.input("y", type);
  const ValueId sum = m.add("Add", {m.add("Mul", {x, y}), y});
  m.output(sum);
  m.output(m.add("Reshape", {m.add("Tanh", {sum}), m.constant("flat", ints({-1}))}));
  return graph;
}

class Bound : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!CERMET_COUNTS_ALLOCATIONS) GTEST_SKIP() << "allocations are not counted here";
    engine_ = engine_of(optimised(pointwise_graph()), {}, Kernels::own);
    for (const StepInfo& step : engine_->summary().steps)
      ASSERT_NE(step.tactic, "cpu.reference") << step.problem;
  }

  int64_t allocations_at(ExecutionContext& context, int64_t n) {
    const Tensor x = ramp(ElementType::float32, {n, 8}), y = ramp(ElementType::float32, {n, 8});
    context.set_input("x", x.view());
    context.set_input("y", y.view());
    const int64_t before = allocations;
    context.execute();
    return allocations - before;
  }

  std::shared_ptr<const Engine> engine_;
};

TEST_F(Bound, ExecuteAllocatesNothingOnAShapeAlreadySeen) {
  for (int threads : {1, 2}) {
    ExecutionContext context(engine_, {.threads = threads});
    EXPECT_GT(allocations_at(context, 5), 0);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(allocations_at(context, 5), 0) << threads << " threads";
    allocations_at(context, 700);
    EXPECT_EQ(allocations_at(context, 700), 0);
  }
}

TEST_F(Bound, SwitchingBetweenShapesAllocatesNothing) {
  ExecutionContext context(engine_, {.threads = 1});
  for (int64_t n : {9, 5, 7}) allocations_at(context, n);
  for (int64_t n : {5, 9, 7, 5}) EXPECT_EQ(allocations_at(context, n), 0) << n;
}

TEST_F(Bound, SlicesOfABatchAllocateNothing) {
  Plan plan = lower(optimised(pointwise_graph("1")));
  plan.batch = Dim::symbol("N");
  engine_ = engine_of(std::move(plan), Kernels::own);
  ExecutionContext context(engine_, {.threads = 1});
  allocations_at(context, 7);
  EXPECT_EQ(allocations_at(context, 7), 0);
}

TEST_F(Bound, TheCacheForgetsWhatWasUsedLongestAgo) {
  ExecutionContext context(engine_, {.threads = 1, .shape_cache = 2});
  allocations_at(context, 3);
  allocations_at(context, 2);
  EXPECT_EQ(allocations_at(context, 3), 0);
  EXPECT_GT(allocations_at(context, 1), 0) << "takes the place of 2";
  EXPECT_EQ(allocations_at(context, 3), 0);
  EXPECT_EQ(allocations_at(context, 1), 0);
  EXPECT_GT(allocations_at(context, 2), 0);
}

TEST_F(Bound, ACacheOfNothingStillRuns) {
  ExecutionContext context(engine_, {.threads = 1, .shape_cache = 0});
  for (int64_t n : {1, 2, 2, 1}) allocations_at(context, n);
}

// Each thread has a context of its own and runs sizes of its own.
TEST(Contexts, OfOneEngineRunAtOnce) {
  const Graph graph = pointwise_graph();
  for (Kernels kernels : {Kernels::reference, Kernels::own}) {
    const auto engine = engine_of(optimised(graph), {}, kernels);
    std::atomic<int> wrong{0};
    const auto work = [&](int64_t n) {
      const std::vector<Value> inputs{Value(ramp(ElementType::float32, {n, 8})),
                                      Value(ramp(ElementType::float32, {n, 8}))};
      const auto expected = interpret(graph, inputs);
      ExecutionContext context(engine, {.threads = 1 + static_cast<int>(n % 2)});
      for (int i = 0; i < 50; ++i) {
        context.set_input("x", inputs[0]);
        context.set_input("y", inputs[1]);
        context.execute();
        for (size_t k = 0; k < expected.size(); ++k)
          wrong +=
              difference(expected[k], context.output_value(engine->outputs()[k].name), 1e-5, 1e-6)
                  .has_value();
      }
    };
    std::vector<std::thread> threads;
    for (int64_t n = 1; n <= 6; ++n) threads.emplace_back(work, n * 3);
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
  }
}

TEST(Contexts, MoveAndOutliveTheCallersEngine) {
  auto engine = engine_of(pointwise_graph());
  ExecutionContext first(engine, {.threads = 1});
  const std::string name = engine->outputs()[0].name;
  engine.reset();
  ExecutionContext context = std::move(first);
  const Tensor x = ramp(ElementType::float32, {2, 8});
  context.set_input("x", x.view());
  context.set_input("y", x.view());
  context.execute();
  EXPECT_EQ(context.output(name).shape, (Shape{2, 8}));
}

TEST(Contexts, WriteOutputsWhereTheyAreTold) {
  const auto engine = engine_of(pointwise_graph());
  ExecutionContext context(engine, {.threads = 1});
  const Tensor x = ramp(ElementType::float32, {2, 8});
  std::vector<float> memory(16);
  context.set_input("x", x.view());
  context.set_input("y", x.view());
  const std::string name = engine->outputs()[0].name;
  context.set_output_memory(name, memory.data(), 64);
  context.execute();
  EXPECT_EQ(context.output(name).data, memory.data());
  EXPECT_EQ(memory[1], 0.75f * 0.75f - 0.75f);
  context.set_output_memory(name, memory.data(), 63);
  EXPECT_THROW(context.execute(), Error);
}

}  // namespace
}  // namespace cermet::testing
