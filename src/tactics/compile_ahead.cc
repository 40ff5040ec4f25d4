#include "tactics/compile_ahead.h"

#include <atomic>
#include <thread>
#include <vector>

#include "base/error.h"
#include "tactics/lone_step.h"

namespace cermet {

void compile_ahead(const Plan& plan, std::span<const CompileJob> jobs, const TacticOptions& options,
                   std::chrono::steady_clock::time_point end) {
  if (!options.compile || jobs.empty()) return;
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < jobs.size() && std::chrono::steady_clock::now() < end; i = next++) {
      try {
        options.compile(lone_step(plan, *jobs[i].step, *jobs[i].tactic, jobs[i].configuration,
                                  options.threads));
      } catch (const Error&) {
        continue;
      }
    }
  };
  std::vector<std::thread> threads;
  for (unsigned t = 1; t < std::thread::hardware_concurrency() && t < jobs.size(); ++t)
    threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace cermet
