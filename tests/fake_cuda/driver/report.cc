// What a process hasn't given back when it ends: a line for the file that FAKE_CUDA_REPORT names.
#include <cstdio>
#include <cstdlib>

#include "driver/pool.h"
#include "driver/state.h"

namespace {

using namespace cermet::cuda;

// After what the program itself does at its end.
__attribute__((destructor)) void report() {
  const char* path = std::getenv("FAKE_CUDA_REPORT");
  const State& left = state();
  if (path == nullptr || !left.initialized) return;
  std::FILE* file = std::fopen(path, "a");
  if (file == nullptr) return;
  std::fprintf(file,
               "allocations %zu, host allocations %zu, modules %zu, streams %zu, events %zu, "
               "graphs %zu, executables %zu, contexts %d\n",
               Pool::of(0).allocations() + Pool::of(1).allocations(), left.host_memory.size(),
               left.modules.size(), left.streams.size(), left.events.size(), left.graphs.size(),
               left.executables.size(), left.contexts[0].retains + left.contexts[1].retains);
  std::fclose(file);
}

}  // namespace
