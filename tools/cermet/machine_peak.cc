#include "machine_peak.h"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

namespace cermet::tools {
namespace {

using Clock = std::chrono::steady_clock;
using Work = std::function<void(int thread)>;
constexpr int trials = 5;

// The least seconds in which all threads did their work.
double best_seconds(int threads, const Work& work) {
  double best = 0;
  Clock::time_point begin;
  std::barrier ready(threads);
  std::barrier done(threads);
  const auto run = [&](int thread) {
    for (int trial = 0; trial < trials; ++trial) {
      ready.arrive_and_wait();
      if (thread == 0) begin = Clock::now();
      work(thread);
      done.arrive_and_wait();
      if (thread > 0) continue;
      const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
      if (trial == 0 || seconds < best) best = seconds;
    }
  };
  std::vector<std::jthread> others;
  for (int thread = 1; thread < threads; ++thread) others.emplace_back(run, thread);
  run(0);
  return best;
}

// Independent chains of multiply-adds in registers: enough of them to fill two units of a latency
// of four cycles, few enough for the register file.
constexpr int chains = 10;
constexpr int64_t rounds = 1 << 21;

template <class Vector>
[[gnu::always_inline]] inline float run_chains() {
  Vector sums[chains];
  std::memset(static_cast<void*>(sums), 0, sizeof(sums));
  // The compiler may not know the factor, or it would compute the end of the chains.
  volatile float given = 0.5f;
  const float factor = given;
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 16
    for (auto& sum : sums) sum = sum * factor + 1.0f;
  }
  Vector total = sums[0];
  for (int i = 1; i < chains; ++i) total += sums[i];
  return total[0];
}

using Vector16 [[gnu::vector_size(16)]] = float;
using Vector32 [[gnu::vector_size(32)]] = float;
using Vector64 [[gnu::vector_size(64)]] = float;

float chains_of_16_bytes() { return run_chains<Vector16>(); }
#if defined(__x86_64__)
[[gnu::target("avx2,fma")]] float chains_of_32_bytes() { return run_chains<Vector32>(); }
[[gnu::target("avx512f")]] float chains_of_64_bytes() { return run_chains<Vector64>(); }
#endif

struct Chains {
  float (*run)();
  int lanes;
};
Chains widest_chains() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return {chains_of_64_bytes, 16};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {chains_of_32_bytes, 8};
#endif
  return {chains_of_16_bytes, 4};
}

double measured_gflops(int threads) {
  const Chains widest = widest_chains();
  const double seconds = best_seconds(threads, [&](int) {
    volatile float result = widest.run();
    static_cast<void>(result);
  });
  return 2e-9 * chains * static_cast<double>(rounds) * widest.lanes * threads / seconds;
}

// Copies between buffers that no cache holds.
double measured_gigabytes(int threads) {
  const size_t bytes = std::max<size_t>(8 << 20, (size_t{128} << 20) / threads);
  std::vector<std::vector<char>> from(threads), to(threads);
  const double seconds = best_seconds(threads, [&](int thread) {
    if (from[thread].empty()) {
      from[thread].assign(bytes, 1);
      to[thread].assign(bytes, 0);
    }
    std::memcpy(to[thread].data(), from[thread].data(), bytes);
  });
  return 2e-9 * static_cast<double>(bytes) * threads / seconds;
}

}  // namespace

MachinePeak machine_peak(MachinePeak given, int threads) {
  given.is_measured = given.gflops <= 0 || given.gigabytes <= 0;
  if (given.gflops <= 0) given.gflops = measured_gflops(threads);
  if (given.gigabytes <= 0) given.gigabytes = measured_gigabytes(threads);
  return given;
}

}  // namespace cermet::tools
