// Whose memory of the card engines and contexts use: the driver's, an allocator's, within a limit,
// one arena for several contexts. Suites that expect the emulator's cards are called so.
#include <gtest/gtest.h>

#include <map>
#include <mutex>

#include "base/error.h"
#include "cermet/builder.h"
#include "cermet/c_api.h"
#include "cermet/device_memory.h"
#include "tests/cuda/emulated_card.h"
#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

const std::vector<std::byte>& digits() {
  static const std::vector<std::byte> bytes = [] {
    BuildOptions options;
    options.device = "cuda";
    options.architectures = {"compute_80"};
    options.tuning_budget = 0;
    return build_engine("examples/digits/digits.onnx", options);
  }();
  return bytes;
}

InputShapes batch(int64_t n) { return {{"image", {n, 1, 8, 8}}}; }

Value run(ExecutionContext& context, const Engine& engine, int64_t n, float scale = 1) {
  Tensor x = ramp(ElementType::float32, {n, 1, 8, 8});
  for (int64_t i = 0; i < x.elements(); ++i) x.view().as<float>()[i] *= scale;
  context.set_input("image", x.view());
  context.execute();
  return context.output_value(engine.outputs()[0].name);
}

Value expected(int64_t n, float scale = 1) {
  const auto engine = Engine::from_memory(digits());
  ExecutionContext context(engine, {.threads = 1});
  return run(context, *engine, n, scale);
}

void expect_equal(const Value& expected, const Value& got) {
  EXPECT_EQ(difference(expected, got, 1e-5, 1e-6).value_or(""), "");
}

// What the call throws; fails the test where it throws nothing.
std::string refusal(ErrorCode code, const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.message();
    return error.message();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

// The card's memory, counted.
class Counting : public DeviceAllocator {
 public:
  void* allocate(size_t bytes, size_t alignment, int device, void* /*stream*/) override {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(alignment, 256u);
    EXPECT_GT(bytes, 0u);
    if (fails_after == 0) return nullptr;
    --fails_after;
    auto buffer = std::make_unique<DeviceBuffer>(bytes + shift, device);
    void* const memory = static_cast<std::byte*>(buffer->data()) + shift;
    pieces_[memory] = std::move(buffer);
    now_ += bytes;
    return memory;
  }
  void deallocate(void* memory, size_t bytes, int device, void* /*stream*/) noexcept override {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(pieces_.at(memory)->bytes(), bytes + shift);
    EXPECT_EQ(pieces_.at(memory)->device(), device);
    pieces_.erase(memory);
    now_ -= bytes;
    ++given_back_;
  }
  size_t now() const { return now_; }
  size_t pieces() const { return pieces_.size(); }
  int given_back() const { return given_back_; }

  int fails_after = 1 << 20;
  size_t shift = 0;

 private:
  std::mutex mutex_;
  std::map<void*, std::unique_ptr<DeviceBuffer>> pieces_;
  size_t now_ = 0;
  int given_back_ = 0;
};

TEST(EmulatorAllocators, GiveAllThatIsTaken) {
  Counting allocator;
  {
    const auto engine = Engine::from_memory(digits(), {.device_allocator = &allocator});
    const size_t constants = allocator.now();
    EXPECT_GT(constants, 0u);
    ExecutionContext context(engine, {.threads = 1});
    expect_equal(expected(3), run(context, *engine, 3));
    EXPECT_EQ(allocator.now(), constants + engine->device_activation_bytes(batch(3)));
    expect_equal(expected(40), run(context, *engine, 40));  // grows
    EXPECT_EQ(allocator.now(), constants + engine->device_activation_bytes(batch(40)));
    EXPECT_EQ(allocator.pieces(), 2u);
  }
  EXPECT_EQ(allocator.pieces(), 0u);
  EXPECT_EQ(allocator.given_back(), 3);
}

TEST(EmulatorAllocators, ThatHaveNoneLeft) {
  Counting allocator;
  allocator.fails_after = 0;
  const auto none = Engine::from_memory(digits(), {.device_allocator = &allocator});
  EXPECT_NE(refusal(ErrorCode::out_of_memory, [&] { ExecutionContext context(none); })
                .find("the engine's constants: the caller's allocator gave no memory of cuda:0 "
                      "(Fake A, sm_89) when asked for"),
            std::string::npos);
  allocator.fails_after = 1;
  const auto engine = Engine::from_memory(digits(), {.device_allocator = &allocator});
  ExecutionContext context(engine, {.threads = 1});
  EXPECT_NE(refusal(ErrorCode::out_of_memory, [&] { run(context, *engine, 3); })
                .find("activations of the run: the caller's allocator gave no memory"),
            std::string::npos);
  allocator.fails_after = 1;
  expect_equal(expected(3), run(context, *engine, 3));
}

TEST(EmulatorAllocators, ThatGiveOtherMemory) {
  Counting allocator;
  allocator.shift = 16;
  const auto engine = Engine::from_memory(digits(), {.device_allocator = &allocator});
  EXPECT_NE(refusal(ErrorCode::invalid_argument, [&] { ExecutionContext context(engine); })
                .find("that is not aligned to 256 bytes"),
            std::string::npos);
  EXPECT_EQ(allocator.pieces(), 0u);

  class OfTheHost : public DeviceAllocator {
   public:
    void* allocate(size_t bytes, size_t alignment, int, void*) override {
      return default_allocator().allocate(bytes, alignment);
    }
    void deallocate(void* memory, size_t bytes, int, void*) noexcept override {
      default_allocator().deallocate(memory, bytes, 256);
    }
  } host;
  const auto other = Engine::from_memory(digits(), {.device_allocator = &host});
  EXPECT_NE(refusal(ErrorCode::invalid_argument, [&] { ExecutionContext context(other); })
                .find("that is no memory of cuda:0 (Fake A, sm_89)"),
            std::string::npos);
}

TEST(EmulatorMemoryLimit, CountsConstantsAndContexts) {
  Counting allocator;
  const auto unlimited = Engine::from_memory(digits(), {.device_allocator = &allocator});
  const size_t constants = allocator.now();
  const size_t activations = unlimited->device_activation_bytes(batch(3));
  const auto engine = Engine::from_memory(
      digits(), {.device_memory_limit = constants + 2 * activations + activations / 2});
  ExecutionContext first(engine, {.threads = 1}), second(engine, {.threads = 1});
  expect_equal(expected(3), run(first, *engine, 3));
  expect_equal(expected(3), run(second, *engine, 3));
  {
    ExecutionContext third(engine, {.threads = 1});
    const std::string why = refusal(ErrorCode::out_of_memory, [&] { run(third, *engine, 3); });
    EXPECT_NE(why.find(fmt::format("{} more bytes of cuda:0 (Fake A, sm_89) would exceed the limit "
                                   "of {} bytes that the engine was loaded with: {} are in use",
                                   activations, constants + 2 * activations + activations / 2,
                                   constants + 2 * activations)),
              std::string::npos)
        << why;
  }
  {
    ExecutionContext gone(std::move(second));
  }
  ExecutionContext again(engine, {.threads = 1});
  expect_equal(expected(3), run(again, *engine, 3));
  const auto little = Engine::from_memory(digits(), {.device_memory_limit = constants - 1});
  refusal(ErrorCode::out_of_memory, [&] { ExecutionContext context(little); });
}

class SharedArena : public ::testing::Test {
 protected:
  std::shared_ptr<const Engine> engine_ = Engine::from_memory(digits());
  size_t bytes_ = engine_->device_activation_bytes(batch(5));
  ContextOptions options_ = {.threads = 1, .takes_device_memory = false};
};

TEST_F(SharedArena, ServesContextsInTurn) {
  DeviceBuffer arena(bytes_);
  ExecutionContext first(engine_, options_), second(engine_, options_);
  first.set_device_memory(arena.data(), arena.bytes());
  second.set_device_memory(arena.data(), arena.bytes());
  for (int i = 0; i < 4; ++i) {  // launches, their capture, the graph's own launch
    expect_equal(expected(5, 1.0f), run(first, *engine_, 5, 1.0f));
    expect_equal(expected(2, -0.5f), run(second, *engine_, 2, -0.5f));
  }
}

TEST_F(SharedArena, MayBeAnotherFromRunToRun) {
  std::vector<DeviceBuffer> arenas;
  for (int i = 0; i < 6; ++i) arenas.emplace_back(bytes_ + 256);
  ExecutionContext context(engine_, {.threads = 1});
  expect_equal(expected(5), run(context, *engine_, 5));  // in its own
  for (int round = 0; round < 3; ++round)
    for (const DeviceBuffer& arena : arenas) {
      context.set_device_memory(arena.data(), arena.bytes());
      expect_equal(expected(5), run(context, *engine_, 5));
    }
  arenas.clear();  // nothing remembers them
  context.set_device_memory(nullptr, 0);
  for (int i = 0; i < 3; ++i) expect_equal(expected(5), run(context, *engine_, 5));
}

class EmulatorArena : public SharedArena {};

TEST_F(EmulatorArena, HasToBeGivenAndLargeEnough) {
  ExecutionContext context(engine_, options_);
  EXPECT_NE(refusal(ErrorCode::invalid_argument, [&] { run(context, *engine_, 5); })
                .find("give it some by set_device_memory()"),
            std::string::npos);
  DeviceBuffer arena(bytes_);
  context.set_device_memory(arena.data(), arena.bytes() - 1);
  EXPECT_NE(refusal(ErrorCode::out_of_memory, [&] { run(context, *engine_, 5); })
                .find(fmt::format("the run needs {} bytes of cuda:0 (Fake A, sm_89) for "
                                  "activations, the context was given {}",
                                  bytes_, bytes_ - 1)),
            std::string::npos);
  context.set_device_memory(arena.data(), arena.bytes());
  expect_equal(expected(5), run(context, *engine_, 5));
}

TEST_F(EmulatorArena, HasToBeAlignedAndOfTheCard) {
  ExecutionContext context(engine_, options_);
  DeviceBuffer arena(bytes_ + 256), other(bytes_, 1);
  alignas(256) std::byte host[256];
  const auto give = [&](void* memory) { context.set_device_memory(memory, bytes_); };
  EXPECT_NE(refusal(ErrorCode::invalid_argument,
                    [&] { give(static_cast<std::byte*>(arena.data()) + 16); })
                .find("is not aligned to 256 bytes"),
            std::string::npos);
  for (void* memory : {other.data(), static_cast<void*>(host)})
    EXPECT_NE(refusal(ErrorCode::invalid_argument, [&] { give(memory); })
                  .find("is not of cuda:0 (Fake A, sm_89)"),
              std::string::npos);
}

TEST_F(SharedArena, IsOfGpusAlone) {
  BuildOptions options;
  options.device = "cpu";
  options.tuning_budget = 0;
  const auto cpu = Engine::from_memory(build_engine("examples/digits/digits.onnx", options));
  ExecutionContext context(cpu, {.threads = 1});
  EXPECT_EQ(cpu->device_activation_bytes(batch(5)), 0u);
  refusal(ErrorCode::unsupported, [&] { context.set_device_memory(nullptr, 0); });
  refusal(ErrorCode::unsupported, [&] { context.set_input_consumed_event(nullptr); });
}

// The C interface.

TEST(EmulatorMemoryInC, AllocatorLimitAndArena) {
  Counting counting;
  const cermet_device_allocator allocator = {
      sizeof(cermet_device_allocator),
      [](void* user, size_t bytes, size_t alignment, int32_t device, void* stream) {
        return static_cast<Counting*>(user)->allocate(bytes, alignment, device, stream);
      },
      [](void* user, void* memory, size_t bytes, int32_t device, void* stream) {
        static_cast<Counting*>(user)->deallocate(memory, bytes, device, stream);
      },
      &counting};
  cermet_engine_options options = {};
  options.size = sizeof(options);
  options.device = 1;
  options.device_allocator = &allocator;
  cermet_engine* engine = nullptr;
  ASSERT_EQ(cermet_engine_load_memory(digits().data(), digits().size(), &options, &engine),
            CERMET_OK);
  const size_t constants = counting.now();
  EXPECT_GT(constants, 0u) << cermet_last_error();
  const int64_t sizes[] = {5, 1, 8, 8};
  const cermet_input_shape shape = {sizeof(cermet_input_shape), "image", sizes, 4};
  const cermet_input_shape* shapes[] = {&shape};
  size_t bytes = 0;
  ASSERT_EQ(cermet_engine_device_activation_bytes(engine, shapes, 1, &bytes), CERMET_OK);
  cermet_context_options of_context = {};
  of_context.size = sizeof(of_context);
  of_context.without_device_memory = 1;
  cermet_context* context = nullptr;
  ASSERT_EQ(cermet_context_create(engine, &of_context, &context), CERMET_OK) << cermet_last_error();
  const Tensor x = ramp(ElementType::float32, {5, 1, 8, 8});
  ASSERT_EQ(cermet_context_set_input(context, "image", 1, sizes, 4, x.data()), CERMET_OK);
  EXPECT_EQ(cermet_context_execute(context), CERMET_INVALID_ARGUMENT);
  const DeviceBuffer arena(bytes, 1);
  ASSERT_EQ(cermet_context_set_device_memory(context, arena.data(), bytes), CERMET_OK);
  EXPECT_EQ(cermet_context_set_input_consumed_event(context, nullptr), CERMET_OK);
  ASSERT_EQ(cermet_context_execute(context), CERMET_OK) << cermet_last_error();
  EXPECT_EQ(counting.now(), constants);
  cermet_engine_release(engine);  // the context keeps it, and the allocator with it
  ASSERT_EQ(cermet_context_execute(context), CERMET_OK) << cermet_last_error();
  cermet_context_release(context);
  EXPECT_EQ(counting.pieces(), 0u);

  options.device_allocator = nullptr;
  options.device_memory_limit = constants - 1;
  ASSERT_EQ(cermet_engine_load_memory(digits().data(), digits().size(), &options, &engine),
            CERMET_OK);
  EXPECT_EQ(cermet_context_create(engine, nullptr, &context), CERMET_OUT_OF_MEMORY);
  cermet_engine_release(engine);
  const cermet_device_allocator half = {sizeof(cermet_device_allocator), allocator.allocate,
                                        nullptr, nullptr};
  options.device_allocator = &half;
  EXPECT_EQ(cermet_engine_load_memory(digits().data(), digits().size(), &options, &engine),
            CERMET_INVALID_ARGUMENT);
}

// Two cards.

TEST(EmulatorTwoCards, RunOneEngineFileAtOnce) {
  const std::shared_ptr<const Engine> engines[] = {Engine::from_memory(digits(), {.device = 0}),
                                                   Engine::from_memory(digits(), {.device = 1})};
  std::vector<ExecutionContext> contexts;
  for (const auto& engine : engines) contexts.emplace_back(engine, ContextOptions{.threads = 1});
  for (int i = 0; i < 3; ++i)
    for (size_t card = 0; card < 2; ++card)
      expect_equal(expected(4), run(contexts[card], *engines[card], 4));
}

TEST(EmulatorTwoCards, TensorsOfTheOtherAreRefused) {
  const auto engine = Engine::from_memory(digits(), {.device = 1});
  ExecutionContext context(engine, {.threads = 1});
  const DeviceBuffer x(4 * 64 * sizeof(float), 0);
  context.set_input("image", ConstTensorView{ElementType::float32, {4, 1, 8, 8}, x.data()});
  EXPECT_NE(
      refusal(ErrorCode::invalid_argument, [&] { context.execute(); })
          .find("input 'image' lies in the memory of cuda:0, the engine was loaded for cuda:1 "
                "(Fake B, sm_90a)"),
      std::string::npos);
}

// Other libraries of the process may be at work on another card.
TEST(EmulatorTwoCards, TheCallersContextStays) {
  const cuda::Driver driver;
  cuda::CUdevice device = 0;
  cuda::CUcontext callers = nullptr, now = nullptr;
  ASSERT_EQ(driver.cuDeviceGet(&device, 0), 0);
  ASSERT_EQ(driver.cuDevicePrimaryCtxRetain(&callers, device), 0);
  for (cuda::CUcontext before : {callers, cuda::CUcontext{}}) {
    ASSERT_EQ(driver.cuCtxSetCurrent(before), 0);
    {
      const auto engine = Engine::from_memory(digits(), {.device = 1});
      ExecutionContext context(engine, {.threads = 1});
      run(context, *engine, 2);
      DeviceBuffer buffer(16, 1);
      buffer.copy_from_host("0123456789abcdef", 16);
      DeviceStream stream(1);
      DeviceTimer timer(stream);
      timer.start();
      timer.stop();
      stream.wait();
      EXPECT_GE(timer.milliseconds(), 0);
      ASSERT_EQ(driver.cuCtxGetCurrent(&now), 0);
      EXPECT_EQ(now, before);
    }
    ASSERT_EQ(driver.cuCtxGetCurrent(&now), 0);
    EXPECT_EQ(now, before);
  }
  ASSERT_EQ(driver.cuCtxSetCurrent(nullptr), 0);
  EXPECT_EQ(driver.cuDevicePrimaryCtxRelease_v2(device), 0);
}

}  // namespace
}  // namespace cermet::testing
