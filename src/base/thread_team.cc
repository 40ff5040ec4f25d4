#include "base/thread_team.h"

#include <sched.h>

#include <atomic>
#include <utility>

#include "base/error.h"

namespace cermet {
namespace {

constexpr int most_threads = 4096;

}  // namespace

int available_threads() noexcept {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  const int count = ::sched_getaffinity(0, sizeof(allowed), &allowed) == 0
                        ? CPU_COUNT(&allowed)
                        : static_cast<int>(std::thread::hardware_concurrency());
  return std::max(count, 1);
}

ThreadTeam::ThreadTeam(TeamOptions options) : options_(std::move(options)) {
  require(options_.threads >= 1 && options_.threads <= most_threads, ErrorCode::invalid_argument,
          "expected 1 to {} threads, got {}", most_threads, options_.threads);
}

ThreadTeam::ThreadTeam(int threads) : ThreadTeam(TeamOptions{.threads = threads, .cpus = {}}) {}

ThreadTeam::~ThreadTeam() = default;

void ThreadTeam::wake(std::chrono::microseconds limit) {
  std::atomic<int> awake = 0;
  run([&](int, int workers) {
    const auto end = std::chrono::steady_clock::now() + limit;
    ++awake;
    while (awake < workers && std::chrono::steady_clock::now() < end) continue;
  });
}

Crew& ThreadTeam::crew() {
  if (!crew_) crew_ = std::make_unique<Crew>(options_.threads, options_.spin, options_.cpus);
  return *crew_;
}

}  // namespace cermet
