#include "common/thread_options.h"

#include <sched.h>

#include <algorithm>
#include <cstring>

#include "cermet/error.h"
#include "common/checks.h"

namespace cermet::tools {
namespace {

constexpr int longest_spin_us = 10'000'000;

}  // namespace

ContextOptions ThreadOptions::context(int stream) const {
  ContextOptions options;
  options.threads = threads;
  options.spin_us = spin_us;
  options.cpus = cpus;
  options.max_aux_streams = max_aux_streams;
  options.nvtx = nvtx;
  if (!cpus.empty())
    std::ranges::rotate(
        options.cpus,
        options.cpus.begin() +
            static_cast<std::ptrdiff_t>(static_cast<size_t>(stream) *
                                        static_cast<size_t>(std::max(1, threads)) % cpus.size()));
  return options;
}

void ThreadOptions::keep_caller(int stream) const {
  if (cpus.empty()) return;
  const int cpu = context(stream).cpus.front();
  cpu_set_t set;
  CPU_ZERO(&set);
  if (cpu < CPU_SETSIZE) CPU_SET(cpu, &set);
  if (::sched_setaffinity(0, sizeof(set), &set) != 0)
    throw Error(ErrorCode::invalid_argument,
                "--cpus: CPU " + std::to_string(cpu) + " can't be used: " + std::strerror(errno) +
                    ". Name CPUs that this process may run on (taskset -p shows them)");
}

void add_thread_options(CLI::App& command, ThreadOptions& options,
                        const std::string& threads_help) {
  command.add_option("--threads", options.threads, threads_help)
      ->type_name("N")
      ->check(whole_number(0));
  command
      .add_option("--spin", options.spin_us,
                  "Microseconds for which threads without work stay awake (default 200); 0: none")
      ->type_name("US")
      ->check(whole_number(0, longest_spin_us));
  command
      .add_option("--cpus", options.cpus,
                  "CPUs to keep the threads on, 0,2,4 (default: where the system puts them)")
      ->type_name("LIST")
      ->delimiter(',')
      ->check(whole_number(0));
  command
      .add_option("--max-aux-streams", options.max_aux_streams,
                  "Streams of the GPU beside a context's own, for branches that don't need each "
                  "other (default 4); 0: none")
      ->type_name("N")
      ->check(whole_number(0, most_aux_streams));
  command.add_flag("--nvtx", options.nvtx,
                   "Show runs and steps to NVIDIA's profilers; steps are launched one by one then");
}

}  // namespace cermet::tools
