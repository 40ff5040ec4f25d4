// Whose memory a run uses, and how much: predicted, taken from an allocator, touched.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "cermet/builder.h"
#include "tests/support/graph_maker.h"

namespace cermet::testing {
namespace {

constexpr size_t guard_bytes = 4096;
constexpr size_t most_alignment = 64;

// A real model with free batch size: convolutions, pools, products.
std::shared_ptr<const Engine> digits(int threads, std::vector<std::string> without = {}) {
  BuildOptions options;
  options.threads = threads;
  options.tuning_budget = 0;
  options.disabled_tactics = std::move(without);
  return Engine::from_memory(build_engine("examples/digits/digits.onnx", options));
}

Shape batch(int64_t n) { return {n, 1, 8, 8}; }

// Counts what is in use, and the most that ever was.
class Counting : public Allocator {
 public:
  void* allocate(size_t bytes, size_t alignment) override {
    void* memory = default_allocator().allocate(bytes, alignment);
    sizes_[memory] = bytes;
    now_ += bytes;
    most_ = std::max(most_, now_);
    return memory;
  }
  void deallocate(void* memory, size_t bytes, size_t alignment) noexcept override {
    if (memory == nullptr) return;
    EXPECT_EQ(sizes_[memory], bytes);
    sizes_.erase(memory);
    now_ -= bytes;
    default_allocator().deallocate(memory, bytes, alignment);
  }
  size_t now() const { return now_; }
  size_t most() const { return most_; }

 private:
  std::map<void*, size_t> sizes_;
  size_t now_ = 0, most_ = 0;
};

TEST(Memory, PredictedBytesAreWhatTheAllocatorGives) {
  for (int threads : {1, 2}) {
    const auto engine = digits(threads);
    for (int64_t n = 1; n <= 20; ++n) {
      Counting allocator;
      {
        ExecutionContext context(engine, {.threads = threads, .allocator = &allocator});
        const Tensor x = ramp(ElementType::float32, batch(n));
        context.set_input("image", x.view());
        context.execute();
        const size_t predicted = engine->activation_bytes({{"image", batch(n)}}, threads);
        EXPECT_GT(predicted, 0u);
        EXPECT_EQ(allocator.most(), predicted) << n << " pictures, " << threads << " threads";
        EXPECT_EQ(context.peak_activation_bytes(), predicted);
      }
      EXPECT_EQ(allocator.now(), 0u) << "a context gives everything back";
    }
  }
}

// Memory of the caller's with a guard behind it.
class Guarded {
 public:
  explicit Guarded(size_t bytes) : bytes_(bytes) {
    memory_ = Tensor(ElementType::uint8, {static_cast<int64_t>(bytes + guard_bytes)});
  }
  void fill(uint8_t pattern) { std::memset(data(), pattern, bytes_ + guard_bytes); }
  uint8_t* data() { return static_cast<uint8_t*>(memory_.view().data); }
  // One more than the last byte that is not the pattern.
  size_t touched(uint8_t pattern) {
    size_t end = bytes_ + guard_bytes;
    while (end > 0 && data()[end - 1] == pattern) --end;
    return end;
  }

 private:
  Tensor memory_;
  size_t bytes_;
};

// The end of the part of `predicted` bytes and the guard behind them that a run writes to.
size_t touched_by_run(const std::shared_ptr<const Engine>& engine, int64_t n, size_t predicted) {
  const Tensor x = ramp(ElementType::float32, batch(n));
  Guarded memory(predicted);
  size_t touched = 0;
  for (uint8_t pattern : {0xA5, 0x5A}) {
    memory.fill(pattern);
    ExecutionContext context(engine,
                             {.threads = 1, .memory = memory.data(), .memory_bytes = predicted});
    context.set_input("image", x.view());
    context.execute();
    touched = std::max(touched, memory.touched(pattern));
  }
  return touched;
}

TEST(Memory, RunsTouchWhatWasPredictedAndNothingBehindIt) {
  // oneDNN asks for workspace that it does not always fill.
  const auto any = digits(1), own = digits(1, {"onednn."});
  for (int64_t n = 1; n <= 20; ++n) {
    const size_t of_any = any->activation_bytes({{"image", batch(n)}}, 1);
    EXPECT_LE(touched_by_run(any, n, of_any), of_any) << n;
    const size_t predicted = own->activation_bytes({{"image", batch(n)}}, 1);
    const size_t touched = touched_by_run(own, n, predicted);
    EXPECT_LE(touched, predicted) << n;
    EXPECT_GT(touched + most_alignment, predicted) << n << ": less would have been enough";
  }
}

TEST(Memory, OneByteLessThanPredictedIsRefused) {
  const auto engine = digits(1);
  const size_t predicted = engine->activation_bytes({{"image", batch(3)}}, 1);
  Guarded memory(predicted);
  ExecutionContext context(engine,
                           {.threads = 1, .memory = memory.data(), .memory_bytes = predicted - 1});
  const Tensor x = ramp(ElementType::float32, batch(3));
  context.set_input("image", x.view());
  try {
    context.execute();
    FAIL() << "ran in too little memory";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::out_of_memory);
    EXPECT_NE(error.message().find(std::to_string(predicted)), std::string::npos);
  }
}

TEST(Memory, MustBeAligned) {
  const auto engine = digits(1);
  Guarded memory(1 << 16);
  EXPECT_THROW(
      ExecutionContext(engine, {.memory = memory.data() + 1, .memory_bytes = size_t{1} << 16}),
      Error);
}

// An input stays where the caller has it: new values there count without binding it again.
TEST(Memory, InputsAndOutputsStayWithTheCaller) {
  const auto engine = digits(1);
  ExecutionContext context(engine, {.threads = 1});
  const std::string output = engine->outputs()[0].name;
  Tensor x = ramp(ElementType::float32, batch(1));
  std::vector<float> scores(10, -1);
  context.set_input("image", x.view());
  context.set_output_memory(output, scores.data(), scores.size() * sizeof(float));
  context.execute();
  const std::vector<float> first = scores;
  EXPECT_EQ(context.output(output).data, scores.data());
  auto* pixels = static_cast<float*>(x.view().data);
  std::fill(pixels, pixels + 64, 12.0f);
  context.execute();
  EXPECT_NE(scores, first);

  ExecutionContext fresh(engine, {.threads = 1});
  fresh.set_input("image", x.view());
  fresh.execute();
  const auto* expected = static_cast<const float*>(fresh.output(output).data);
  for (size_t i = 0; i < 10; ++i) EXPECT_EQ(scores.data()[i], expected[i]);
  context.set_output_memory(output, nullptr, 0);
  context.execute();
  EXPECT_NE(context.output(output).data, scores.data());
}

TEST(Memory, AnAllocatorThatFailsIsAnError) {
  class Empty : public Allocator {
    void* allocate(size_t bytes, size_t) override {
      throw Error(ErrorCode::out_of_memory, "no " + std::to_string(bytes) + " bytes");
    }
    void deallocate(void*, size_t, size_t) noexcept override {}
  } empty;
  const auto engine = digits(1);
  ExecutionContext context(engine, {.threads = 1, .allocator = &empty});
  const Tensor x = ramp(ElementType::float32, batch(1));
  context.set_input("image", x.view());
  EXPECT_THROW(context.execute(), Error);
}

}  // namespace
}  // namespace cermet::testing
