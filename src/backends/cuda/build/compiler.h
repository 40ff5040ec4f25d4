// From the sources that tactics give to machine code.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "backends/cuda/build/kernel_cache.h"
#include "backends/cuda/build/nvrtc.h"
#include "plan/plan.h"
#include "tactics/tactic.h"

namespace cermet::cuda {

// Compiles for some architectures, each source once. Safe to use from several threads.
class Compiler {
 public:
  // NVRTC is opened when something has to be compiled that the cache does not hold.
  explicit Compiler(KernelCache cache = KernelCache::of_user()) : cache_(std::move(cache)) {}

  // Throws device where NVRTC is missing.
  void open() { nvrtc(); }
  // Machine code of the source for one architecture. Throws device where NVRTC is missing, internal
  // where it refuses the source.
  KernelImage compile(const std::string& source, const std::string& architecture);

  // How many sources were compiled, and how many the cache held.
  int compiled() const { return compiled_; }
  int recalled() const { return recalled_; }

 private:
  const Nvrtc& nvrtc();

  KernelCache cache_;
  std::mutex mutex_;
  std::optional<Nvrtc> nvrtc_;
  std::map<std::pair<std::string, std::string>, KernelImage> images_;
  int compiled_ = 0, recalled_ = 0;
};

// Gives every step of the plan that is on the device its program, and the plan the modules of all
// of them, compiled for each architecture by `threads` threads. `tactics` are those of the choices.
// Throws internal naming step and tactic where a launch is beyond an architecture's limits.
void compile_programs(Plan& plan, std::span<const Tactic> tactics,
                      const std::vector<std::string>& architectures, Compiler& compiler,
                      int threads);

}  // namespace cermet::cuda
