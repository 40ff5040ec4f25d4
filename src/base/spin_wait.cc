#include "base/spin_wait.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>

namespace cermet {
namespace {

using Clock = std::chrono::steady_clock;

// Rounds of the loop between looks at the clock: less than two microseconds.
constexpr int rounds_a_look = 16;
// Between two looks only a thread that lost its core takes so long.
constexpr std::chrono::microseconds lost_core(50);

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb");  // as long as x86's pause; yield takes no time on most cores
#endif
}

// std::atomic's wait() spins as it likes and keeps its own table of waiters.
long futex(std::atomic<uint32_t>& word, int operation, uint32_t value) {
  static_assert(sizeof(word) == sizeof(uint32_t) && std::atomic<uint32_t>::is_always_lock_free);
  return ::syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, nullptr, nullptr, 0);
}

}  // namespace

// A waiter counts itself and then looks at the number; a waker changes the number and then looks at
// the count. In one total order, one of them sees the other.
void WaitableNumber::store(uint32_t value) {
  value_.store(value, std::memory_order_seq_cst);
  wake_all();
}

void WaitableNumber::subtract_one() {
  if (value_.fetch_sub(1, std::memory_order_seq_cst) == 1) wake_all();
}

void WaitableNumber::wake_all() {
  if (sleepers_.load(std::memory_order_seq_cst) > 0) futex(value_, FUTEX_WAKE, INT_MAX);
}

uint32_t WaitableNumber::wait_while(uint32_t value, std::chrono::nanoseconds spin) {
  Clock::time_point last{};
  Clock::time_point end{};
  for (int round = 0;; ++round) {
    const uint32_t now = load();
    if (now != value) return now;
    pause();
    if (round % rounds_a_look != rounds_a_look - 1) continue;
    const Clock::time_point time = Clock::now();
    if (last == Clock::time_point{})
      end = time + spin;
    else if (time - last > lost_core)
      break;
    if (time >= end) break;
    last = time;
  }
  return sleep_while(value);
}

uint32_t WaitableNumber::sleep_while(uint32_t value) {
  sleepers_.fetch_add(1, std::memory_order_seq_cst);
  uint32_t now = value_.load(std::memory_order_seq_cst);
  while (now == value) {
    futex(value_, FUTEX_WAIT, value);
    now = value_.load(std::memory_order_seq_cst);
  }
  sleepers_.fetch_sub(1, std::memory_order_relaxed);
  return now;
}

}  // namespace cermet
