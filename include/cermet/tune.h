// Tuning an engine again, on the machine that is to run it.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cermet/builder.h"

namespace cermet {

// What of a build is of the machine at hand; everything else is as the engine was built.
struct TuneOptions {
  // Which GPU measures an engine that uses one: "cuda" or "cuda:N". Empty: the first.
  std::string device;
  // For which kernels of a GPU are compiled from now on. Empty: those of the engine, the best one
  // of this card first.
  std::vector<std::string> architectures;
  int threads = 0;  // for which kernels of the CPU are chosen; 0: as the engine was built
  // The next four as in BuildOptions.
  double tuning_budget = 10;
  std::string timing_cache;
  bool frozen = false;
  bool validate = true;
  bool keep_model = true;            // false: the engine can't be tuned again
  std::vector<std::string> plugins;  // files of the plugins that the engine needs
  Logger logger;
  std::function<void(std::string_view stage, double done)> progress;  // BuildOptions::progress
};

// Builds an engine again from the model that it holds: candidates are measured on this machine,
// chosen kernels compared with the model, as if it were built here. Both plans of an engine that
// has two. Throws invalid_argument for an engine without a model and for options that contradict
// it, invalid_engine for a damaged one, device where the machine lacks the GPU or NVRTC or the
// engine's kernels are for other cards, and what build_engine() throws. `report` is filled as far
// as it came.
std::vector<std::byte> tune_engine(std::span<const std::byte> engine, const TuneOptions& options,
                                   BuildReport* report = nullptr);
// The same in place: the file is replaced at once when all is done, whatever else reads it then;
// after an error, or when the process ends before, it is what it was, byte for byte. Throws io
// where it can't be read or replaced.
void tune_engine_file(const std::string& path, const TuneOptions& options,
                      BuildReport* report = nullptr);

}  // namespace cermet
