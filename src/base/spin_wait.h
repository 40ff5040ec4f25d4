// A number that threads wait for: awake for a set time, because a partner that works beside them
// answers within microseconds, then asleep, because a core that spins is taken from others.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace cermet {

// Safe to use by any number of threads. Nothing allocates.
class WaitableNumber {
 public:
  explicit WaitableNumber(uint32_t value = 0) : value_(value) {}

  uint32_t load() const { return value_.load(std::memory_order_acquire); }
  // What was written before store() or subtract_one() is seen after load() and wait_while().
  void store(uint32_t value);
  // Wakes sleepers only when it gets to 0.
  void subtract_one();
  // For a number that nobody waits for yet.
  void reset(uint32_t value) { value_.store(value, std::memory_order_relaxed); }

  // Returns the number as soon as it is not `value`. Spins for `spin` at most, and no longer once
  // it finds that another thread was given its core meanwhile.
  uint32_t wait_while(uint32_t value, std::chrono::nanoseconds spin);

 private:
  uint32_t sleep_while(uint32_t value);
  void wake_all();

  std::atomic<uint32_t> value_;
  std::atomic<uint32_t> sleepers_ = 0;
};

}  // namespace cermet
