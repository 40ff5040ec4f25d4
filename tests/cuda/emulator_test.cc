// The emulator of tests/fake_cuda has the driver's rules: what calls take, what they refuse, and
// what a graph holds.
#include <cstdio>
#include <fstream>
#include <set>
#include <thread>

#include "tests/cuda/emulated_card.h"

namespace cermet::test {
namespace {

using namespace cuda;

constexpr const char* add_one = R"(
extern "C" __global__ void __launch_bounds__(128) add_one(float* x, int64 n) {
  const int64 i = static_cast<int64>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) x[i] += 1;
})";

class Emulator : public ::testing::Test {
 protected:
  EmulatedCard card_;
  const Driver& driver_ = card_.driver;
};

TEST_F(Emulator, AGraphIsRunWhenItIsLaunched) {
  const CUfunction kernel = card_.kernel(add_one, "add_one");
  const CUdeviceptr x = card_.upload(std::vector<float>(100, 5));
  CUstream stream = nullptr;
  CUgraph graph = nullptr;
  CUgraphExec executable = nullptr;
  std::vector<float> host(100, 0), result(100, -1);
  ASSERT_EQ(driver_.cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), 0);
  ASSERT_EQ(driver_.cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), 0);
  EXPECT_EQ(driver_.cuMemcpyHtoDAsync_v2(x, host.data(), 400, stream), 0);
  EXPECT_EQ(driver_.cuMemsetD8Async(x, 0, 40, stream), 0);
  EXPECT_EQ(card_.launch(kernel, {.threads = 128, .stream = stream}, x, 100), 0);
  EXPECT_EQ(driver_.cuMemcpyDtoHAsync_v2(result.data(), x, 400, stream), 0);
  ASSERT_EQ(driver_.cuStreamEndCapture(stream, &graph), 0);
  ASSERT_EQ(driver_.cuGraphInstantiateWithFlags(&executable, graph, 0), 0);
  EXPECT_EQ(driver_.cuGraphDestroy(graph), 0);
  EXPECT_EQ(card_.download<float>(x, 100)[99], 5);
  for (const float value : {3.0f, 8.0f}) {
    host.assign(100, value);
    EXPECT_EQ(driver_.cuGraphLaunch(executable, stream), 0);
    EXPECT_EQ(driver_.cuStreamSynchronize(stream), 0);
    EXPECT_EQ(result[0], 1);
    EXPECT_EQ(result[99], value + 1);
  }
  EXPECT_EQ(driver_.cuGraphExecDestroy(executable), 0);
  EXPECT_EQ(driver_.cuStreamDestroy_v2(stream), 0);
}

TEST_F(Emulator, ACaptureTakesInStreamsThatWaitForIt) {
  const CUfunction kernel = card_.kernel(add_one, "add_one");
  const CUdeviceptr x = card_.upload(std::vector<float>{1});
  CUstream first = nullptr, second = nullptr;
  CUevent fork = nullptr, join = nullptr;
  ASSERT_EQ(driver_.cuStreamCreate(&first, 0), 0);
  ASSERT_EQ(driver_.cuStreamCreate(&second, 0), 0);
  ASSERT_EQ(driver_.cuEventCreate(&fork, CU_EVENT_DISABLE_TIMING), 0);
  ASSERT_EQ(driver_.cuEventCreate(&join, CU_EVENT_DISABLE_TIMING), 0);
  const auto capture = [&](bool joins, bool waits) {
    CUgraph graph = nullptr;
    EXPECT_EQ(driver_.cuStreamBeginCapture_v2(first, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), 0);
    EXPECT_EQ(driver_.cuEventRecord(fork, first), 0);
    EXPECT_EQ(driver_.cuStreamWaitEvent(second, fork, 0), 0);
    EXPECT_EQ(card_.launch(kernel, {.stream = second}, x, 1), 0);
    EXPECT_EQ(driver_.cuEventRecord(join, second), 0);
    if (joins) {
      EXPECT_EQ(driver_.cuStreamWaitEvent(first, join, 0), 0);
    }
    if (waits) {
      EXPECT_EQ(driver_.cuEventSynchronize(join), 907);
    }
    const CUresult result = driver_.cuStreamEndCapture(first, &graph);
    if (graph != nullptr) {
      EXPECT_EQ(driver_.cuGraphDestroy(graph), 0);
    }
    return result;
  };
  EXPECT_EQ(capture(true, false), 0);
  EXPECT_EQ(capture(false, false), 904);
  EXPECT_EQ(capture(true, true), 901);
  EXPECT_EQ(card_.download<float>(x, 1)[0], 1);
  // Outside of a capture the stream goes on.
  EXPECT_EQ(card_.launch(kernel, {.stream = second}, x, 1), 0);
  EXPECT_EQ(card_.download<float>(x, 1)[0], 2);
  for (CUevent event : {fork, join}) EXPECT_EQ(driver_.cuEventDestroy_v2(event), 0);
  for (CUstream stream : {first, second}) EXPECT_EQ(driver_.cuStreamDestroy_v2(stream), 0);
}

constexpr const char* scale_and_add = R"(
extern "C" __global__ void scale_and_add(float* x, float* y, int64 scale) {
  if (threadIdx.x == 0) y[0] = x[0] * scale + 1;
})";

// x[0] becomes 2 * x[0] + 1 in one stream and 3 * x[0] + 1 in another, behind it where an event
// says so.
class EmulatorOrder : public Emulator {
 protected:
  EmulatorOrder() {
    for (CUstream& stream : streams_) driver_.cuStreamCreate(&stream, 0);
    for (CUevent& event : events_) driver_.cuEventCreate(&event, CU_EVENT_DISABLE_TIMING);
  }
  ~EmulatorOrder() override {
    for (CUevent event : events_) driver_.cuEventDestroy_v2(event);
    for (CUstream stream : streams_) driver_.cuStreamDestroy_v2(stream);
  }

  float run(bool in_turn, int seed) {
    const CUfunction kernel = card_.kernel(scale_and_add, "scale_and_add");
    const CUdeviceptr x = card_.upload(std::vector<float>{1});
    const auto [first, second] = streams_;
    CUgraph graph = nullptr;
    CUgraphExec executable = nullptr;
    EXPECT_EQ(driver_.cuStreamBeginCapture_v2(first, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), 0);
    if (!in_turn) fork();
    EXPECT_EQ(card_.launch(kernel, {.stream = first}, x, x, 2), 0);
    if (in_turn) fork();
    EXPECT_EQ(card_.launch(kernel, {.stream = second}, x, x, 3), 0);
    EXPECT_EQ(driver_.cuEventRecord(events_[1], second), 0);
    EXPECT_EQ(driver_.cuStreamWaitEvent(first, events_[1], 0), 0);
    EXPECT_EQ(driver_.cuStreamEndCapture(first, &graph), 0);
    EXPECT_EQ(driver_.cuGraphInstantiateWithFlags(&executable, graph, 0), 0);
    const std::string order = "order=" + std::to_string(seed);
    const FakeCudaSettings settings(order.c_str());
    EXPECT_EQ(driver_.cuGraphLaunch(executable, first), 0);
    EXPECT_EQ(driver_.cuGraphExecDestroy(executable), 0);
    EXPECT_EQ(driver_.cuGraphDestroy(graph), 0);
    return card_.download<float>(x, 1)[0];
  }

  void fork() {
    EXPECT_EQ(driver_.cuEventRecord(events_[0], streams_[0]), 0);
    EXPECT_EQ(driver_.cuStreamWaitEvent(streams_[1], events_[0], 0), 0);
  }

  std::array<CUstream, 2> streams_{};
  std::array<CUevent, 2> events_{};
};

TEST_F(EmulatorOrder, IsAnyThatTheEdgesAllow) {
  std::set<float> apart;
  for (int seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(run(true, seed), 10);
    apart.insert(run(false, seed));
  }
  EXPECT_EQ(apart, (std::set<float>{9, 10}));
  EXPECT_EQ(run(false, 0), 10);  // as captured
}

TEST_F(EmulatorOrder, AKernelThatStartsEarlyWaitsForOneAlone) {
  const CUfunction kernel = card_.kernel(scale_and_add, "scale_and_add");
  const CUdeviceptr x = card_.upload(std::vector<float>{1});
  const auto [first, second] = streams_;
  CUgraph graph = nullptr;
  ASSERT_EQ(driver_.cuStreamBeginCapture_v2(first, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), 0);
  fork();
  EXPECT_EQ(card_.launch(kernel, {.stream = first}, x, x, 2), 0);
  EXPECT_EQ(card_.launch(kernel, {.stream = second}, x, x, 2), 0);
  EXPECT_EQ(driver_.cuEventRecord(events_[1], second), 0);
  CUlaunchAttribute early{};
  early.id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
  early.value.programmaticStreamSerializationAllowed = 1;
  const CUlaunchConfig config{1, 1, 1, 32, 1, 1, 0, first, &early, 1};
  std::array<int64_t, 3> values{static_cast<int64_t>(x), static_cast<int64_t>(x), 2};
  std::array<void*, 3> parameters{values.data(), &values[1], &values[2]};
  const auto launch = [&] {
    return driver_.cuLaunchKernelEx(&config, kernel, parameters.data(), nullptr);
  };
  EXPECT_EQ(launch(), 0);
  EXPECT_EQ(driver_.cuStreamWaitEvent(first, events_[1], 0), 0);
  EXPECT_EQ(launch(), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(driver_.cuStreamEndCapture(first, &graph), 0);
  EXPECT_EQ(driver_.cuGraphDestroy(graph), 0);
}

TEST_F(Emulator, ACapturedStreamCannotBeWaitedFor) {
  CUstream stream = nullptr;
  CUgraph graph = nullptr;
  ASSERT_EQ(driver_.cuStreamCreate(&stream, 0), 0);
  EXPECT_EQ(driver_.cuStreamEndCapture(stream, &graph), 401);
  ASSERT_EQ(driver_.cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), 0);
  EXPECT_EQ(driver_.cuStreamSynchronize(stream), 900);
  EXPECT_EQ(driver_.cuStreamEndCapture(stream, &graph), 901);
  EXPECT_EQ(graph, nullptr);
  EXPECT_EQ(driver_.cuStreamSynchronize(stream), 0);
  EXPECT_EQ(driver_.cuStreamDestroy_v2(stream), 0);
}

TEST_F(Emulator, MemoryRunsOut) {
  const FakeCudaSettings settings("memory=1048576");
  CUdeviceptr first = 0, second = 0;
  size_t free = 0, total = 0;
  EXPECT_EQ(driver_.cuMemAlloc_v2(&first, (1 << 20) + 1), CUDA_ERROR_OUT_OF_MEMORY);
  ASSERT_EQ(driver_.cuMemAlloc_v2(&first, 1 << 19), 0);
  EXPECT_EQ(driver_.cuMemAlloc_v2(&second, (1 << 19) + 1), CUDA_ERROR_OUT_OF_MEMORY);
  EXPECT_EQ(driver_.cuMemGetInfo_v2(&free, &total), 0);
  EXPECT_EQ(free, size_t{1} << 19);
  EXPECT_EQ(total, size_t{1} << 20);
  ASSERT_EQ(driver_.cuMemAlloc_v2(&second, 1 << 19), 0);
  EXPECT_EQ(driver_.cuMemFree_v2(first), 0);
  EXPECT_EQ(driver_.cuMemFree_v2(first), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(driver_.cuMemFree_v2(second), 0);
}

TEST_F(Emulator, PointersAreTold) {
  const CUdeviceptr device = card_.allocate(1000);
  EXPECT_EQ(device % 256, 0);
  unsigned type = 0;
  int ordinal = -1, local = 0;
  EXPECT_EQ(driver_.cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, device + 999),
            0);
  EXPECT_EQ(type, CU_MEMORYTYPE_DEVICE);
  EXPECT_EQ(driver_.cuPointerGetAttribute(&ordinal, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, device),
            0);
  EXPECT_EQ(ordinal, 1);
  EXPECT_EQ(driver_.cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                                          reinterpret_cast<CUdeviceptr>(&local)),
            CUDA_ERROR_INVALID_VALUE);
  void* host = nullptr;
  ASSERT_EQ(driver_.cuMemHostAlloc(&host, 100, 0), 0);
  EXPECT_EQ(driver_.cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                                          reinterpret_cast<CUdeviceptr>(host)),
            0);
  EXPECT_EQ(type, CU_MEMORYTYPE_HOST);
  EXPECT_EQ(driver_.cuMemFreeHost(host), 0);
  EXPECT_EQ(driver_.cuMemcpyDtoHAsync_v2(&local, device + 998, 4, nullptr),
            CUDA_ERROR_INVALID_VALUE);
}

TEST_F(Emulator, CallsFailWhenAsked) {
  CUdeviceptr pointer = 0;
  {
    const FakeCudaSettings settings("cuMemAlloc_v2=2@2,cuMemFree_v2=1");
    ASSERT_EQ(driver_.cuMemAlloc_v2(&pointer, 8), 0);
    CUdeviceptr none = 0;
    EXPECT_EQ(driver_.cuMemAlloc_v2(&none, 8), 2);
    EXPECT_EQ(driver_.cuMemFree_v2(pointer), 1);
    CUdeviceptr third = 0;
    EXPECT_EQ(driver_.cuMemAlloc_v2(&third, 8), 0);
    ::setenv("FAKE_CUDA", "", 1);
    EXPECT_EQ(driver_.cuMemFree_v2(third), 0);
  }
  EXPECT_EQ(driver_.cuMemFree_v2(pointer), 0);
  std::thread([&] { EXPECT_EQ(driver_.cuMemAlloc_v2(&pointer, 8), 201); }).join();
}

TEST_F(Emulator, LaunchesHaveACardsLimits) {
  const CUfunction kernel = card_.kernel(
      "extern \"C\" __global__ void nothing(int64) {}\n" + std::string(add_one), "nothing");
  EXPECT_EQ(card_.launch(kernel, {.threads = 1024}, 0), 0);
  EXPECT_EQ(card_.launch(kernel, {.threads = 1025}, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(card_.launch(kernel, {.threads = 0}, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(card_.launch(kernel, {.blocks = 0}, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(card_.launch(kernel, {.blocks = 1u << 31}, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(card_.launch(kernel, {.dynamic_bytes = 48 << 10}, 0), 0);
  EXPECT_EQ(card_.launch(kernel, {.dynamic_bytes = (48 << 10) + 1}, 0), CUDA_ERROR_INVALID_VALUE);
  const auto raise = [&](int bytes) {
    return driver_.cuFuncSetAttribute(kernel, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                                      bytes);
  };
  EXPECT_EQ(raise((227 << 10) + 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(raise(227 << 10), 0);
  EXPECT_EQ(card_.launch(kernel, {.dynamic_bytes = 227 << 10}, 0), 0);
  CUlaunchConfig config{1, 65536, 1, 1, 1, 1, 0, nullptr, nullptr, 0};
  int64_t value = 0;
  void* parameters[] = {&value};
  EXPECT_EQ(driver_.cuLaunchKernelEx(&config, kernel, parameters, nullptr),
            CUDA_ERROR_INVALID_VALUE);
  const CUfunction bounded = card_.kernel(add_one, "add_one");
  EXPECT_EQ(card_.launch(bounded, {.threads = 129}, 0, 0), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(Emulator, ModulesFitTheCard) {
  CUmodule module = nullptr;
  CUfunction function = nullptr;
  EXPECT_EQ(driver_.cuModuleLoadData(&module, "no image"), 200);
  const auto old = EmulatedCard::compile(add_one, "sm_80");
  EXPECT_EQ(driver_.cuModuleLoadData(&module, old.cubin.data()), CUDA_ERROR_NO_BINARY_FOR_GPU);
  ASSERT_EQ(driver_.cuModuleLoadData(&module, old.ptx.data()), 0);
  EXPECT_EQ(driver_.cuModuleGetFunction(&function, module, "other"), 500);
  EXPECT_EQ(driver_.cuModuleUnload(module), 0);
  EXPECT_EQ(driver_.cuModuleUnload(module), 400);
  const auto wrong = EmulatedCard::compile("extern \"C\" __global__ void wrong() { nothing; }");
  EXPECT_EQ(wrong.result, 6);
  EXPECT_NE(wrong.log.find("nothing"), std::string::npos) << wrong.log;
  EXPECT_EQ(EmulatedCard::compile(add_one, "sm_20").result, 5);
  EXPECT_EQ(EmulatedCard::compile(add_one, "compute_90").cubin, "");
}

TEST_F(Emulator, EventsMeasure) {
  CUevent begin = nullptr, end = nullptr;
  ASSERT_EQ(driver_.cuEventCreate(&begin, CU_EVENT_DEFAULT), 0);
  ASSERT_EQ(driver_.cuEventCreate(&end, CU_EVENT_DEFAULT), 0);
  float milliseconds = -1;
  EXPECT_EQ(driver_.cuEventElapsedTime(&milliseconds, begin, end), 400);
  EXPECT_EQ(driver_.cuEventRecord(begin, nullptr), 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  EXPECT_EQ(driver_.cuEventRecord(end, nullptr), 0);
  EXPECT_EQ(driver_.cuEventSynchronize(end), 0);
  EXPECT_EQ(driver_.cuEventElapsedTime(&milliseconds, begin, end), 0);
  EXPECT_GE(milliseconds, 2);
  EXPECT_EQ(driver_.cuEventDestroy_v2(begin), 0);
  EXPECT_EQ(driver_.cuEventDestroy_v2(end), 0);
}

using EmulatorDeathTest = Emulator;

TEST_F(EmulatorDeathTest, MistakesEndTheProcess) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  const CUdeviceptr x = card_.allocate(256);
  const auto* address = reinterpret_cast<volatile int*>(x);  // NOLINT(performance-no-int-to-ptr)
  EXPECT_DEATH(std::printf("%d", *address), "");
  const CUfunction wait = card_.kernel(
      "extern \"C\" __global__ void waits() { if (threadIdx.x == 0) __syncthreads(); else "
      "__shfl_sync(0xffffffffu, 1, 0); }",
      "waits");
  EXPECT_DEATH(card_.launch(wait, {}), "kernel waits.*deadlock: 1 threads wait at __syncthreads");
  const CUfunction shared = card_.kernel(
      "extern \"C\" __global__ void writes() { dynamic_shared_memory[100] = 1; }", "writes");
  EXPECT_DEATH(card_.launch(shared, {.dynamic_bytes = 100}), "wrote past the 100 bytes of its dyn");
  const CUfunction beyond = card_.kernel(add_one, "add_one");
  EXPECT_DEATH(
      {
        CUdeviceptr small = 0;
        driver_.cuMemAlloc_v2(&small, 4);
        card_.launch(beyond, {}, small, 2);
        driver_.cuMemFree_v2(small);
      },
      "wrote past the 4 bytes of an allocation");
}

void leave_behind() {
  auto* card = new EmulatedCard;
  CUstream stream = nullptr;
  CUdeviceptr pointer = 0;
  card->driver.cuStreamCreate(&stream, 0);
  card->driver.cuMemAlloc_v2(&pointer, 8);
  std::exit(0);
}

TEST(EmulatorReportDeathTest, WhatIsNotGivenBackIsReported) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  const std::string path = ::testing::TempDir() + "fake_cuda_report";
  std::remove(path.c_str());
  ::setenv("FAKE_CUDA_REPORT", path.c_str(), 1);
  EXPECT_EXIT(leave_behind(), ::testing::ExitedWithCode(0), "");
  ::unsetenv("FAKE_CUDA_REPORT");
  std::string line;
  std::ifstream file(path);
  std::getline(file, line);
  EXPECT_EQ(line,
            "allocations 1, host allocations 0, modules 0, streams 1, events 0, graphs 0, "
            "executables 0, contexts 1");
}

}  // namespace
}  // namespace cermet::test
