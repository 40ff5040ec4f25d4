// The machine for which an engine is built: the CPU, or a GPU with the CPU for what it can't do.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "builder/tactic_sources.h"
#include "cermet/builder.h"
#include "problem/cost_oracle.h"
#include "tactics/tuner.h"
#include "tactics/typical_shapes.h"

namespace cermet {

// Belongs to one build. Safe to use from one thread at a time.
class Target {
 public:
  // What BuildOptions::device and architectures say. Throws invalid_argument for a device that
  // there is no such, device where one that was named can't be used.
  explicit Target(const BuildOptions& options);
  ~Target();
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  bool uses_device() const { return gpu_ != nullptr; }
  // Whether kernels can be run here: not those of a card that is elsewhere.
  bool can_run() const;
  // All of its tactics, the device's before the CPU's.
  std::span<const Tactic> tactics() const { return tactics_; }
  // Of their sources those that are measured and never chosen.
  const std::vector<std::string>& yardsticks() const { return sources_.yardsticks; }
  // Machine code is made for these; the first is that for which kernels are chosen.
  const std::vector<std::string>& architectures() const;
  // That a block may have on all of them.
  int64_t shared_bytes() const;
  // "cuda sm_90", "cpu": for the options that an engine names.
  std::string text() const;

  // What a measured time depends on and no problem says.
  std::string name() const;
  KernelTimer timer() const;
  // TacticOptions::compile.
  std::function<void(const Plan&)> compiler() const;
  // `narrow`: what is float32 now will be computed in 16 bits.
  std::unique_ptr<CostOracle> costs(SymbolValues sizes, bool narrow = false) const;
  // The results of the plan's only step, each in its buffer's layout. `inputs` are row-major; those
  // that are constants of the plan are not looked at. Throws what the kernel throws.
  std::vector<std::optional<Tensor>> run_step(const Plan& plan,
                                              const std::vector<std::optional<Tensor>>& inputs,
                                              const TypicalShapes& shapes) const;
  // Gives the steps of the device their programs.
  void compile(Plan& plan) const;

 private:
  struct Gpu;

  static std::unique_ptr<Gpu> open_gpu(const BuildOptions& options);

  void add_tactics(std::span<const Tactic> list);
  // The libraries of NVIDIA's that kernels may come from. Throws device where one is missing.
  void open_libraries(const BuildOptions& options);

  int threads_;
  TacticSources sources_;
  std::unique_ptr<Gpu> gpu_;  // nullptr: the CPU alone
  std::vector<Tactic> tactics_;
};

}  // namespace cermet
