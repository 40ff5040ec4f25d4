// Runs with tensors in the device's memory: in the caller's stream, by execute(), and what is
// refused.
#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "base/error.h"
#include "cermet/device_memory.h"
#include "tests/cuda/device_engine.h"
#include "tests/cuda/emulated_card.h"
#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

// Softmax(x w) + x: several launches.
Graph chain() {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[N, 8]");
  const ValueId w = m.constant("w", ramp(ElementType::float32, {8, 8}));
  m.output(m.add("Add", {m.add("Softmax", {m.add("MatMul", {x, w})}), x}));
  return graph;
}

// NonZero has as many results as the data say.
Graph with_host_step() {
  Graph graph;
  GraphMaker m(graph);
  m.output(m.add("NonZero", {m.add("Relu", {m.input("x", "float32[4, 8]")})}));
  m.output(m.add("Exp", {m.add("Sqrt", {m.input("y", "float32[4, 8]")})}));
  return graph;
}

std::shared_ptr<const Engine> built(const Graph& graph) {
  return engine_on_device(optimised(graph), graph);
}

// A context whose tensors lie on the device.
struct DeviceRun {
  DeviceRun(const std::shared_ptr<const Engine>& engine, const Tensor& from)
      : context(engine, {.threads = 1}), x(from.bytes()), y(from.bytes()), shape(from.shape()) {
    x.copy_from_host(from.data(), from.bytes());
    context.set_input("x", ConstTensorView{ElementType::float32, shape, x.data()});
    context.set_output_memory(engine->outputs()[0].name, y.data(), y.bytes());
  }

  Value result() const {
    Tensor to(ElementType::float32, shape);
    y.copy_to_host(to.view().data, to.bytes());
    return Value(to);
  }

  ExecutionContext context;
  DeviceBuffer x, y;
  Shape shape;
};

void expect_equal(const Value& expected, const Value& got) {
  EXPECT_EQ(difference(expected, got, 1e-5, 1e-6).value_or(""), "");
}

ErrorCode code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::internal;
}

class Enqueue : public ::testing::Test {
 protected:
  Graph graph_ = chain();
  std::shared_ptr<const Engine> engine_ = built(graph_);
  Tensor x_ = ramp(ElementType::float32, {5, 8});
  Value expected_ = interpret(graph_, {Value(x_)})[0];
};

TEST_F(Enqueue, RunsInTheCallersStream) {
  DeviceRun run(engine_, x_);
  DeviceStream stream;
  for (int i = 0; i < 3; ++i) {  // launches, their capture, the graph's own launch
    run.context.enqueue(stream.handle());
    stream.wait();
    expect_equal(expected_, run.result());
    EXPECT_EQ(run.context.output(engine_->outputs()[0].name).data, run.y.data());
  }
}

TEST_F(Enqueue, RunsOfOneContextFollowEachOtherInAnyStreams) {
  DeviceRun run(engine_, x_);
  DeviceStream first, second;
  run.context.enqueue(first.handle());
  run.context.enqueue(second.handle());
  run.context.enqueue(nullptr);
  run.context.execute();
  expect_equal(expected_, run.result());
}

TEST_F(Enqueue, TimersTellHowLongItTook) {
  DeviceRun run(engine_, x_);
  DeviceStream stream;
  DeviceTimer timer(stream);
  timer.start();
  run.context.enqueue(stream.handle());
  timer.stop();
  EXPECT_GT(timer.milliseconds(), 0);
  EXPECT_LT(timer.milliseconds(), 60e3);
}

TEST_F(Enqueue, ContextsRunAtOnceInThreadsOfTheirOwn) {
  std::vector<std::thread> threads;
  std::vector<Value> results(4);
  for (Value& result : results)
    threads.emplace_back([&] {
      DeviceRun run(engine_, x_);
      DeviceStream stream;
      for (int i = 0; i < 20; ++i) run.context.enqueue(stream.handle());
      stream.wait();
      result = run.result();
    });
  for (std::thread& thread : threads) thread.join();
  for (const Value& result : results) expect_equal(expected_, result);
}

TEST_F(Enqueue, RefusesTensorsOfTheHost) {
  DeviceRun run(engine_, x_);
  Tensor y(ElementType::float32, {5, 8});
  const std::string& output = engine_->outputs()[0].name;
  const auto enqueue = [&] { run.context.enqueue(nullptr); };
  run.context.set_output_memory(output, y.view().data, y.bytes());
  EXPECT_EQ(code_of(enqueue), ErrorCode::invalid_argument);
  run.context.set_output_memory(output, nullptr, 0);
  EXPECT_EQ(code_of(enqueue), ErrorCode::invalid_argument);
  run.context.set_output_memory(output, run.y.data(), run.y.bytes() - 1);
  EXPECT_EQ(code_of(enqueue), ErrorCode::out_of_range);
  run.context.set_output_memory(output, run.y.data(), run.y.bytes());
  run.context.set_input("x", std::as_const(x_).view());
  EXPECT_EQ(code_of(enqueue), ErrorCode::invalid_argument);
  run.context.execute();  // which takes them from anywhere
  expect_equal(expected_, run.result());
}

TEST(EnqueueOfOthers, NamesTheStepOfTheHost) {
  const Graph graph = with_host_step();
  const auto engine = built(graph);
  ExecutionContext context(engine, {.threads = 1});
  const Tensor x = ramp(ElementType::float32, {4, 8});
  context.set_input("x", x.view());
  context.set_input("y", x.view());
  try {
    context.enqueue(nullptr);
    FAIL() << "was put into a stream";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_NE(error.message().find("NonZero"), std::string::npos) << error.message();
  }
}

TEST(EnqueueOfOthers, RefusesEnginesOfTheCpu) {
  const Graph graph = chain();
  ExecutionContext context(engine_of(optimised(graph)), {.threads = 1});
  const Tensor x = ramp(ElementType::float32, {4, 8});
  context.set_input("x", x.view());
  EXPECT_EQ(code_of([&] { context.enqueue(nullptr); }), ErrorCode::unsupported);
}

// The sum of a device's steps is the run, and none is left out.
TEST_F(Enqueue, StepsAreTimedByTheDevice) {
  DeviceRun run(engine_, x_);
  run.context.profile_steps(true);
  EXPECT_EQ(code_of([&] { run.context.enqueue(nullptr); }), ErrorCode::invalid_argument);
  for (int i = 0; i < 2; ++i) {
    run.context.execute();
    expect_equal(expected_, run.result());
    const std::vector<StepTime>& times = run.context.step_times();
    ASSERT_EQ(times.size(), engine_->summary().steps.size());
    double sum = 0, last = 0;
    for (const StepTime& time : times) {
      EXPECT_GE(time.microseconds, 0);
      EXPECT_GE(time.begin, last);
      sum += time.microseconds;
      last = time.begin;
    }
    EXPECT_GT(sum, 0);
  }
}

TEST_F(Enqueue, StepsAreTimedWhereEventsAreNotCaptured) {
  constexpr const char* not_supported = "cuEventRecordWithFlags=801";
  DeviceRun run(engine_, x_);
  run.context.profile_steps(true);
  const test::FakeCudaSettings settings(not_supported);
  run.context.execute();
  expect_equal(expected_, run.result());
  EXPECT_EQ(run.context.step_times().size(), engine_->summary().steps.size());
}

TEST(DeviceBuffers, TakeNoMoreThanTheyHold) {
  DeviceBuffer buffer(16);
  const std::vector<char> bytes(17, 1);
  EXPECT_EQ(buffer.bytes(), 16u);
  EXPECT_EQ(code_of([&] { buffer.copy_from_host(bytes.data(), 17); }), ErrorCode::out_of_range);
  EXPECT_EQ(code_of([] { DeviceBuffer(16, 99); }), ErrorCode::device);
}

}  // namespace
}  // namespace cermet::testing
