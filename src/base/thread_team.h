// The one team of threads. It is OpenMP's, so that libraries which bring OpenMP share its threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace cermet {

// Threads that this process may run on at once (its CPU affinity counts).
int available_threads() noexcept;

// A number of threads, the caller among them. OpenMP keeps the others for the thread that calls,
// between calls too. Belongs to one caller at a time; costs nothing to make. With one thread, and
// inside a worker, work runs in the calling thread. Calls allocate nothing.
class ThreadTeam {
 public:
  // Throws invalid_argument for fewer than 1 or more than 4096 threads.
  explicit ThreadTeam(int threads = available_threads());

  int size() const noexcept { return threads_; }

  // Calls f(worker, workers) once for each worker in [0, workers), at the same time; workers is
  // size() or, when the system gives fewer threads, less. Returns when all have finished; the first
  // exception that leaves a worker is thrown then.
  template <class F>
  void run(F&& f) {
    if (threads_ == 1) return static_cast<void>(f(0, 1));
    using Callable = std::remove_reference_t<F>;
    run_body([](void* callable, int worker,
                int workers) { (*static_cast<Callable*>(callable))(worker, workers); },
             const_cast<void*>(static_cast<const void*>(std::addressof(f))));
  }

  // Calls f(begin, end) with ranges that cut [0, n), at most one a worker, at multiples of `grain`
  // (at least 1). The cut depends on n, grain and the number of workers alone.
  template <class F>
  void parallel_for(int64_t n, int64_t grain, F&& f) {
    if (n <= 0) return;
    grain = std::max<int64_t>(grain, 1);
    if (threads_ == 1 || n <= grain) return static_cast<void>(f(int64_t{0}, n));
    const int64_t grains = n / grain + (n % grain != 0);
    run([&](int worker, int workers) {
      const int64_t each = grains / workers;
      const int64_t longer = grains % workers;  // workers that take one grain more
      const int64_t first = worker * each + std::min<int64_t>(worker, longer);
      const int64_t count = each + (worker < longer ? 1 : 0);
      if (count > 0) f(first * grain, first + count == grains ? n : (first + count) * grain);
    });
  }

  // While it lives, OpenMP regions that libraries open from this thread use a team of the same
  // size, hence the same threads.
  class Scope {
   public:
    explicit Scope(const ThreadTeam& team);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    int before_;
  };

 private:
  using Body = void (*)(void* callable, int worker, int workers);
  void run_body(Body body, void* callable) const;

  int threads_;
};

}  // namespace cermet
