// What lets runs of several contexts overlap: streams of their own, few calls of the driver in a
// run, none that waits for more than the run; and when a run is done with its inputs.
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "base/error.h"
#include "cermet/device_memory.h"
#include "tests/cuda/device_engine.h"
#include "tests/cuda/driver_calls.h"
#include "tests/cuda/emulated_card.h"
#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

// Softmax(Softmax(x w) w): several kernels, of which the first alone reads x.
Graph chain() {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[N, 8]");
  const ValueId w = m.constant("w", ramp(ElementType::float32, {8, 8}));
  m.output(m.add("Softmax", {m.add("MatMul", {m.add("Softmax", {m.add("MatMul", {x, w})}), w})}));
  return graph;
}

std::shared_ptr<const Engine> built(const Graph& graph) {
  return engine_on_device(optimised(graph), graph);
}

void expect_equal(const Value& expected, const Value& got) {
  EXPECT_EQ(difference(expected, got, 1e-5, 1e-6).value_or(""), "");
}

constexpr const char* calls[] = {
    "cuMemAlloc_v2",        "cuMemFree_v2",           "cuMemHostAlloc",
    "cuMemFreeHost",        "cuStreamCreate",         "cuStreamSynchronize",
    "cuStreamWaitEvent",    "cuEventSynchronize",     "cuEventRecord",
    "cuEventCreate",        "cuModuleGetFunction",    "cuLaunchKernelEx",
    "cuGraphLaunch",        "cuMemcpyHtoDAsync_v2",   "cuMemcpyDtoHAsync_v2",
    "cuMemcpyDtoDAsync_v2", "cuStreamBeginCapture_v2"};

// Calls that the driver has got so far, by name, those that it has got.
std::map<std::string, int64_t> calls_now() {
  std::map<std::string, int64_t> result;
  for (const char* call : calls) result[call] = driver_calls(call);
  return result;
}

std::map<std::string, int64_t> calls_of(const std::function<void()>& work) {
  const auto before = calls_now();
  work();
  std::map<std::string, int64_t> result;
  for (const auto& [name, count] : calls_now())
    if (count != before.at(name)) result[name] = count - before.at(name);
  return result;
}

class Overlap : public ::testing::Test {
 protected:
  Graph graph_ = chain();
  std::shared_ptr<const Engine> engine_ = built(graph_);
  std::string output_ = engine_->outputs()[0].name;
};

class EmulatorCalls : public Overlap {};

using Calls = std::map<std::string, int64_t>;

TEST_F(EmulatorCalls, ARunFromTheHostIsTwoCopiesAGraphAndOneWait) {
  const Tensor x = ramp(ElementType::float32, {5000, 8});  // more than the driver copies at once
  const Value expected = interpret(graph_, {Value(x)})[0];
  ExecutionContext context(engine_, {.threads = 1});
  context.set_input("x", x.view());
  for (int i = 0; i < 2; ++i) {
    context.execute();
    expect_equal(expected, context.output_value(output_));
  }
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(calls_of([&] { context.execute(); }), (Calls{{"cuGraphLaunch", 1},
                                                           {"cuMemcpyDtoHAsync_v2", 1},
                                                           {"cuMemcpyHtoDAsync_v2", 1},
                                                           {"cuStreamSynchronize", 1}}));
  expect_equal(expected, context.output_value(output_));
}

TEST_F(EmulatorCalls, ARunInAStreamWaitsForNothing) {
  const Tensor x = ramp(ElementType::float32, {5, 8});
  DeviceBuffer from(x.bytes()), to(x.bytes());
  from.copy_from_host(x.data(), x.bytes());
  ExecutionContext context(engine_, {.threads = 1});
  context.set_input("x", ConstTensorView{ElementType::float32, {5, 8}, from.data()});
  context.set_output_memory(output_, to.data(), to.bytes());
  DeviceStream stream;
  for (int i = 0; i < 2; ++i) context.enqueue(stream.handle());
  EXPECT_EQ(calls_of([&] { context.enqueue(stream.handle()); }),
            (Calls{{"cuEventRecord", 1}, {"cuGraphLaunch", 1}, {"cuMemcpyDtoDAsync_v2", 1}}));
  stream.wait();
}

TEST_F(EmulatorCalls, EachContextHasAStream) {
  std::vector<ExecutionContext> contexts;
  EXPECT_EQ(calls_of([&] {
              for (int i = 0; i < 3; ++i)
                contexts.emplace_back(engine_, ContextOptions{.threads = 1});
            })["cuStreamCreate"],
            3);
}

// Copies that have not been done yet may not be read, and what they read may not be lost.
TEST_F(Overlap, LateCopiesAreRight) {
  const struct {
    const char* settings;
    int64_t rows;
  } cases[] = {{"late=1", 5}, {"late=1", 5000}, {"late=1,cuMemHostAlloc=2", 5000}};
  for (const auto& [late, rows] : cases) {  // at once, through page-locked memory, without it
    const test::FakeCudaSettings settings(late);
    Tensor x = ramp(ElementType::float32, {rows, 8});
    ExecutionContext context(engine_, {.threads = 1});
    Tensor y(ElementType::float32, {rows, 8});
    context.set_output_memory(output_, y.view().data, y.bytes());
    for (int i = 0; i < 2; ++i) {
      for (int64_t k = 0; k < 16; ++k) x.view().as<float>()[k] = static_cast<float>(i + k);
      context.set_input("x", x.view());
      context.execute();
      expect_equal(interpret(graph_, {Value(x)})[0], Value(y));
    }
  }
}

TEST_F(Overlap, ContextsInThreadsGiveRightResults) {
  std::vector<std::thread> threads;
  std::vector<std::string> wrong(4);
  for (size_t t = 0; t < wrong.size(); ++t)
    threads.emplace_back([&, t] {
      const Tensor x = ramp(ElementType::float32, {3000 + static_cast<int64_t>(t), 8});
      const Value expected = interpret(graph_, {Value(x)})[0];
      ExecutionContext context(engine_, {.threads = 1});
      context.set_input("x", x.view());
      for (int i = 0; i < 6; ++i) {
        context.execute();
        wrong[t] += difference(expected, context.output_value(output_), 1e-5, 1e-6).value_or("");
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& text : wrong) EXPECT_EQ(text, "");
}

// Times of contexts that measure at once count from one point.
TEST_F(Overlap, MeasuredRunsHaveOneClock) {
  const Tensor x = ramp(ElementType::float32, {5, 8});
  std::vector<ExecutionContext> contexts;
  for (int i = 0; i < 2; ++i) {
    contexts.emplace_back(engine_, ContextOptions{.threads = 1});
    contexts.back().set_input("x", x.view());
    contexts.back().profile_steps(true);
  }
  double last = 0;
  for (int i = 0; i < 3; ++i)
    for (ExecutionContext& context : contexts) {
      context.execute();
      EXPECT_GT(context.run_begin(), last);
      last = context.run_begin() + context.step_times().back().begin;
    }
}

// The caller's event.
struct CallersEvent {
  CallersEvent() {
    driver.cuDeviceGet(&device, 0);
    driver.cuDevicePrimaryCtxRetain(&context, device);
    driver.cuCtxSetCurrent(context);
    driver.cuEventCreate(&event, cuda::CU_EVENT_DISABLE_TIMING);
  }
  ~CallersEvent() {
    driver.cuEventDestroy_v2(event);
    driver.cuCtxSetCurrent(nullptr);
    driver.cuDevicePrimaryCtxRelease_v2(device);
  }
  void wait() const { EXPECT_EQ(driver.cuEventSynchronize(event), 0); }

  cuda::Driver driver;
  cuda::CUdevice device = 0;
  cuda::CUcontext context = nullptr;
  cuda::CUevent event = nullptr;
};

class EmulatorInputConsumed : public Overlap {
 protected:
  // `shift`: bytes behind an aligned address at which the input lies.
  void check(size_t shift) {
    const Tensor x = ramp(ElementType::float32, {5, 8});
    const Value expected = interpret(graph_, {Value(x)})[0];
    const std::vector<float> nothing(x.elements(), -7.0f);
    DeviceBuffer from(x.bytes() + shift), to(x.bytes());
    std::vector<std::byte> image(x.bytes() + shift);
    std::memcpy(image.data() + shift, x.data(), x.bytes());
    const CallersEvent consumed;
    ExecutionContext context(engine_, {.threads = 1});
    context.set_input(
        "x", ConstTensorView{
                 ElementType::float32, {5, 8}, static_cast<std::byte*>(from.data()) + shift});
    context.set_output_memory(output_, to.data(), to.bytes());
    context.set_input_consumed_event(consumed.event);
    DeviceStream stream;
    Tensor y(ElementType::float32, {5, 8});
    for (int i = 0; i < 4; ++i) {  // launches, their capture, the graphs' own launches
      from.copy_from_host(image.data(), image.size());
      to.copy_from_host(nothing.data(), to.bytes());
      const test::FakeCudaSettings settings("late=1");
      context.enqueue(stream.handle());
      consumed.wait();
      // The run goes on without its input.
      to.copy_to_host(y.view().data, y.bytes());
      expect_equal(Value(Tensor::copy_of({ElementType::float32, {5, 8}, nothing.data()})),
                   Value(y));
      from.copy_from_host(std::vector<std::byte>(image.size(), std::byte{0xFF}).data(),
                          image.size());
      stream.wait();
      to.copy_to_host(y.view().data, y.bytes());
      expect_equal(expected, Value(y));
    }
  }
};

TEST_F(EmulatorInputConsumed, IsTheLastReaderOfAnInputThatIsReadInPlace) { check(0); }
TEST_F(EmulatorInputConsumed, IsTheCopyOfAnInputThatIsNot) { check(4); }

TEST_F(EmulatorInputConsumed, CostsALaunchAndMayBeTakenBack) {
  const Tensor x = ramp(ElementType::float32, {5, 8});
  DeviceBuffer from(x.bytes()), to(x.bytes());
  from.copy_from_host(x.data(), x.bytes());
  const CallersEvent consumed;
  ExecutionContext context(engine_, {.threads = 1});
  context.set_input("x", ConstTensorView{ElementType::float32, {5, 8}, from.data()});
  context.set_output_memory(output_, to.data(), to.bytes());
  for (int i = 0; i < 3; ++i) context.enqueue(nullptr);
  const auto events = [&] { return calls_of([&] { context.enqueue(nullptr); })["cuEventRecord"]; };
  EXPECT_EQ(events(), 1);  // the queue's own
  context.set_input_consumed_event(consumed.event);
  EXPECT_EQ(events(), 2);
  context.execute();  // that the inputs are read is told by its return
  context.set_input_consumed_event(nullptr);
  EXPECT_EQ(events(), 1);
}

}  // namespace
}  // namespace cermet::testing
