#include "tactics/compile_ahead.h"

#include <thread>

#include "base/error.h"
#include "base/parallel.h"
#include "tactics/lone_step.h"

namespace cermet {

void compile_ahead(const Plan& plan, std::span<const CompileJob> jobs, const TacticOptions& options,
                   std::chrono::steady_clock::time_point end) {
  if (!options.compile || jobs.empty()) return;
  each_in_parallel(jobs.size(), std::thread::hardware_concurrency(), [&](size_t i) {
    if (std::chrono::steady_clock::now() >= end) return;
    try {
      options.compile(
          lone_step(plan, *jobs[i].step, *jobs[i].tactic, jobs[i].configuration, options.threads));
    } catch (const Error&) {
      return;
    }
  });
}

}  // namespace cermet
