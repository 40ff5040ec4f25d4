// Two contexts on two cores do about twice the work of one on one.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "cermet/builder.h"
#include "cermet/engine.h"

namespace cermet {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds window(60);
constexpr int attempts = 30;

// Runs of `work` in the window by so many threads at once, each with work of its own.
template <class MakeWork>
double runs_in_window(int threads, const MakeWork& make_work) {
  std::vector<int64_t> runs(threads);
  std::vector<std::thread> others;
  const Clock::time_point end = Clock::now() + window;
  for (int i = 0; i < threads; ++i)
    others.emplace_back([&, i] {
      auto work = make_work();
      while (Clock::now() < end) {
        work();
        ++runs[i];
      }
    });
  double sum = 0;
  for (int i = 0; i < threads; ++i) {
    others[i].join();
    sum += static_cast<double>(runs[i]);
  }
  return sum;
}

template <class MakeWork>
double gain(const MakeWork& make_work) {
  return runs_in_window(2, make_work) / runs_in_window(1, make_work);
}

struct Arithmetic {
  void operator()() {
    for (int i = 0; i < 200'000; ++i) state = state * 6364136223846793005U + 1;
    sink = state;
  }
  uint64_t state = 1;
  volatile uint64_t sink = 0;
};

TEST(Throughput, TwoContextsOfOneThreadDoTwiceTheWork) {
  BuildOptions options;
  options.threads = 1;
  options.tuning_budget = 0;
  const auto engine = Engine::from_memory(build_engine("examples/digits/digits.onnx", options));
  const std::vector<float> pixels(size_t{256} * 64, 3.0F);
  const auto run = [&] {
    ContextOptions how;
    how.threads = 1;
    ExecutionContext context(engine, how);
    context.set_input(engine->inputs()[0].name,
                      ConstTensorView{ElementType::float32, {256, 1, 8, 8}, pixels.data()});
    return [context = std::move(context)]() mutable { context.execute(); };
  };
  // Other work on the machine comes and goes: plain arithmetic tells when it gave two cores.
  int idle = 0;
  double best = 0;
  for (int i = 0; i < attempts && best < 1.6; ++i) {
    idle += gain([] { return Arithmetic(); }) > 1.7 ? 1 : 0;
    best = std::max(best, gain(run));
  }
  if (best < 1.6 && idle < attempts / 3)
    GTEST_SKIP() << "two threads of plain arithmetic rarely do twice the work of one here: other "
                    "work or too few cores";
  EXPECT_GE(best, 1.6);
}

}  // namespace
}  // namespace cermet
