// Threads that wait for work together.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <span>
#include <thread>
#include <vector>

#include "base/spin_wait.h"

namespace cermet {

// The threads of a ThreadTeam besides the caller. A region is the same call once for each worker
// in [0, size); worker 0 is the caller. One region at a time, opened by one caller at a time.
class Crew {
 public:
  using Share = void (*)(void* callable, int worker, int workers);

  // Starts size - 1 threads. They stay awake for `spin` after a region, then sleep until the next.
  // Worker i is kept on CPU cpus[i % cpus.size()], if there are any; the caller is where it is.
  // Throws runtime when the system gives no more threads, invalid_argument for a CPU that this
  // process may not use.
  Crew(int size, std::chrono::nanoseconds spin, std::span<const int> cpus);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  int size() const { return static_cast<int>(seats_.size()); }

  // Returns when all shares are done; throws the first exception that left one. Shares may run one
  // after another in one thread: what a thread has not begun when the caller is through with its
  // own, because it sleeps or lost its core, the caller does.
  void run(Share share, void* callable);

  // The same for shares that wait for each other: each has a thread of its own. The caller does
  // share 0 between the two calls.
  void begin(Share share, void* callable);
  void finish();

  // Threads that are awake without work go to sleep. For the caller, between regions.
  void rest();

  // Whether this thread is in a share of any crew.
  static bool in_share() noexcept;

 private:
  // The region up to which a worker's share was begun, by whomever.
  struct alignas(64) Seat {
    std::atomic<uint32_t> begun = 0;
  };

  void work(int worker);
  void open(Share share, void* callable);
  bool take(int worker, uint32_t region);
  void do_share(int worker);
  void stop();

  std::vector<Seat> seats_;
  std::chrono::nanoseconds spin_;
  Share share_ = nullptr;
  void* callable_ = nullptr;
  std::exception_ptr exception_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> resting_ = false;
  alignas(64) WaitableNumber region_;  // counts regions
  alignas(64) WaitableNumber to_do_;   // shares of the region that are not done
  std::atomic<bool> failed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace cermet
