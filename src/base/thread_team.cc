#include "base/thread_team.h"

#include <omp.h>
#include <sched.h>

#include <atomic>
#include <exception>
#include <thread>

#include "base/error.h"

// OpenMP's own synchronisation is invisible to the thread sanitizer, so its edges are told.
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#define CERMET_BEFORE(address) __tsan_release(address)
#define CERMET_AFTER(address) __tsan_acquire(address)
#define CERMET_NO_THREAD_SANITIZER __attribute__((no_sanitize("thread")))
#else
#define CERMET_BEFORE(address) static_cast<void>(address)
#define CERMET_AFTER(address) static_cast<void>(address)
#define CERMET_NO_THREAD_SANITIZER
#endif

namespace cermet {
namespace {

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
  require(threads >= 1, ErrorCode::invalid_argument, "expected at least 1 thread, got {}", threads);
}

CERMET_NO_THREAD_SANITIZER void ThreadTeam::run_body(Body body, void* callable) const {
  FirstException first;
  CERMET_BEFORE(&first);
#pragma omp parallel num_threads(threads_)
  {
    CERMET_AFTER(&first);
    try {
      body(callable, omp_get_thread_num(), omp_get_num_threads());
    } catch (...) {
      first.keep_current();
    }
    CERMET_BEFORE(&first);
  }
  CERMET_AFTER(&first);
  first.rethrow();
}

ThreadTeam::Scope::Scope(const ThreadTeam& team) : before_(omp_get_max_threads()) {
  omp_set_num_threads(team.size());
}

ThreadTeam::Scope::~Scope() { omp_set_num_threads(before_); }

}  // namespace cermet
