// The team of threads that runs the steps of one context.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

#include "base/crew.h"

namespace cermet {

// Threads that this process may run on at once (its CPU affinity counts).
int available_threads() noexcept;

struct TeamOptions {
  int threads = available_threads();  // the caller among them
  // How long a thread without work stays awake.
  std::chrono::microseconds spin{200};
  std::vector<int> cpus;  // where worker i is kept: cpus[i % cpus.size()]; the caller is not moved
};

// A number of threads, the caller among them. The others start with the first region and stay.
// Belongs to one caller at a time. With one thread, and inside a share of any team, work runs in
// the calling thread. Calls allocate nothing but those threads.
class ThreadTeam {
 public:
  // Throws invalid_argument for fewer than 1 or more than 4096 threads.
  explicit ThreadTeam(TeamOptions options = {});
  explicit ThreadTeam(int threads);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int size() const noexcept { return options_.threads; }

  // Calls f(worker, workers) once for each worker in [0, workers), where workers is size() (or 1,
  // see above). Calls go on at the same time or after each other, so they must not wait for one
  // another. Returns when all have finished; the first exception that leaves one is thrown then.
  template <class F>
  void run(F&& f) {
    if (is_alone()) return static_cast<void>(f(0, 1));
    using Callable = std::remove_reference_t<F>;
    crew().run([](void* callable, int worker,
                  int workers) { (*static_cast<Callable*>(callable))(worker, workers); },
               const_cast<void*>(static_cast<const void*>(std::addressof(f))));
  }

  // Calls f(begin, end) with ranges that cut [0, n), at most one a worker, at multiples of `grain`
  // (at least 1). The cut depends on n, grain and the number of workers alone.
  template <class F>
  void parallel_for(int64_t n, int64_t grain, F&& f) {
    if (n <= 0) return;
    grain = std::max<int64_t>(grain, 1);
    if (n <= grain) return static_cast<void>(f(int64_t{0}, n));
    const int64_t grains = n / grain + (n % grain != 0);
    run([&](int worker, int workers) {
      const int64_t each = grains / workers;
      const int64_t longer = grains % workers;  // workers that take one grain more
      const int64_t first = worker * each + std::min<int64_t>(worker, longer);
      const int64_t count = each + (worker < longer ? 1 : 0);
      if (count > 0) f(first * grain, first + count == grains ? n : (first + count) * grain);
    });
  }

  // Wakes threads that sleep and waits for them, no longer than `limit`.
  void wake(std::chrono::microseconds limit);

  // Threads that are awake without work go to sleep, so that others have their cores.
  void rest() {
    if (crew_) crew_->rest();
  }

  // The threads themselves, for work whose shares wait for each other. Starts them: throws as
  // Crew's constructor does.
  Crew& crew();

 private:
  bool is_alone() const noexcept { return options_.threads == 1 || Crew::in_share(); }

  TeamOptions options_;
  std::unique_ptr<Crew> crew_;
};

}  // namespace cermet
