#include "base/crew.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <system_error>

#include "base/error.h"

namespace cermet {
namespace {

// A partner still at its share is waited for so long before the core is given up: about what
// falling asleep and waking up costs.
constexpr std::chrono::microseconds partner_spin(50);

thread_local bool inside = false;

void keep_on(std::thread& thread, int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (cpu >= 0 && cpu < CPU_SETSIZE) CPU_SET(cpu, &set);
  const int status = ::pthread_setaffinity_np(thread.native_handle(), sizeof(set), &set);
  require(
      status == 0, ErrorCode::invalid_argument,
      "a thread can't be kept on CPU {}: {}. Name CPUs that this process may run on (taskset -p "
      "shows them)",
      cpu, std::error_code(status, std::system_category()).message());
}

}  // namespace

bool Crew::in_share() noexcept { return inside; }

Crew::Crew(int size, std::chrono::nanoseconds spin, std::span<const int> cpus)
    : seats_(static_cast<size_t>(size)), spin_(spin) {
  try {
    for (int worker = 1; worker < size; ++worker) {
      threads_.emplace_back([this, worker] { work(worker); });
      if (!cpus.empty()) keep_on(threads_.back(), cpus[worker % cpus.size()]);
    }
  } catch (const std::system_error& error) {
    stop();
    fail(ErrorCode::runtime, "thread {} of {} can't be started: {}. Use fewer threads",
         threads_.size() + 2, size, error.what());
  } catch (...) {
    stop();
    throw;
  }
}

Crew::~Crew() { stop(); }

void Crew::stop() {
  stopping_.store(true, std::memory_order_relaxed);
  region_.store(region_.load() + 1);
  for (std::thread& thread : threads_) thread.join();
}

void Crew::work(int worker) {
  for (uint32_t region = 0;;) {
    const bool rests = resting_.load(std::memory_order_relaxed);
    region = region_.wait_while(region, rests ? std::chrono::nanoseconds(0) : spin_);
    if (stopping_.load(std::memory_order_relaxed)) return;
    if (take(worker, region)) do_share(worker);
  }
}

// Every share of a region has been begun when the region ends, so that a thread that comes late
// takes nothing, and whoever takes one sees the region as it was opened.
bool Crew::take(int worker, uint32_t region) {
  uint32_t before = region - 1;
  return seats_[worker].begun.compare_exchange_strong(before, region, std::memory_order_acq_rel,
                                                      std::memory_order_relaxed);
}

void Crew::do_share(int worker) {
  inside = true;
  try {
    share_(callable_, worker, size());
  } catch (...) {
    if (!failed_.exchange(true)) exception_ = std::current_exception();
  }
  inside = false;
  to_do_.subtract_one();
}

// A region whose shares have all been begun already.
void Crew::rest() {
  const uint32_t region = region_.load() + 1;
  for (Seat& seat : seats_) seat.begun.store(region, std::memory_order_relaxed);
  resting_.store(true, std::memory_order_relaxed);
  region_.store(region);
}

void Crew::open(Share share, void* callable) {
  resting_.store(false, std::memory_order_relaxed);
  share_ = share;
  callable_ = callable;
  to_do_.reset(static_cast<uint32_t>(size()));
  region_.store(region_.load() + 1);
}

void Crew::run(Share share, void* callable) {
  open(share, callable);
  const uint32_t region = region_.load();
  for (int worker = 0; worker < size(); ++worker)
    if (take(worker, region)) do_share(worker);
  finish();
}

void Crew::begin(Share share, void* callable) {
  open(share, callable);
  take(0, region_.load());
  to_do_.subtract_one();
}

void Crew::finish() {
  for (uint32_t left = to_do_.load(); left != 0;) left = to_do_.wait_while(left, partner_spin);
  if (!failed_.load(std::memory_order_relaxed)) return;
  failed_.store(false, std::memory_order_relaxed);
  std::rethrow_exception(std::exchange(exception_, nullptr));
}

}  // namespace cermet
