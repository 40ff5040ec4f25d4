#include "base/thread_team.h"

#include <omp.h>
#include <sched.h>

#include <atomic>
#include <exception>
#include <thread>

#include "base/error.h"

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace cermet {
namespace {

// OpenMP's own synchronisation is invisible to the thread sanitizer, so its edges are told: what
// was done before happens_before(x) is seen after happens_after(x).
#ifdef __SANITIZE_THREAD__
void happens_before(void* address) { __tsan_release(address); }
void happens_after(void* address) { __tsan_acquire(address); }
#else
void happens_before(void*) {}
void happens_after(void*) {}
#endif

// OpenMP ends the process when it gets no memory for its threads.
constexpr int most_threads = 4096;

// Keeps the first exception of several threads.
class FirstException {
 public:
  void keep_current() noexcept {
    if (!taken_.exchange(true)) exception_ = std::current_exception();
  }
  // After all threads have joined.
  void rethrow() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  std::atomic<bool> taken_ = false;
  std::exception_ptr exception_;
};

}  // namespace

int available_threads() noexcept {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  const int count = ::sched_getaffinity(0, sizeof(allowed), &allowed) == 0
                        ? CPU_COUNT(&allowed)
                        : static_cast<int>(std::thread::hardware_concurrency());
  return std::max(count, 1);
}

ThreadTeam::ThreadTeam(int threads) : threads_(threads) {
  require(threads >= 1 && threads <= most_threads, ErrorCode::invalid_argument,
          "expected 1 to {} threads, got {}", most_threads, threads);
}

// The variables of a parallel region are handed over before any edge can be told.
[[gnu::no_sanitize("thread")]] void ThreadTeam::run_body(Body body, void* callable) const {
  FirstException first;
  happens_before(&first);
#pragma omp parallel num_threads(threads_)
  {
    happens_after(&first);
    try {
      body(callable, omp_get_thread_num(), omp_get_num_threads());
    } catch (...) {
      first.keep_current();
    }
    happens_before(&first);
  }
  happens_after(&first);
  first.rethrow();
}

ThreadTeam::Scope::Scope(const ThreadTeam& team) : before_(omp_get_max_threads()) {
  omp_set_num_threads(team.size());
}

ThreadTeam::Scope::~Scope() { omp_set_num_threads(before_); }

}  // namespace cermet
