// Whose kernels a build chooses from.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cermet/builder.h"
#include "tactics/tactic.h"

namespace cermet {

struct TacticSources {
  std::vector<std::string> chosen_from;
  std::vector<std::string> yardsticks;  // measured only

  bool has(std::string_view source) const;  // either way
};

// What BuildOptions::tactic_sources and compared_sources say. Throws invalid_argument for a source
// that there is none of.
TacticSources tactic_sources(const BuildOptions& options);

// Whether the source's kernels are for GPUs alone.
bool is_of_gpu(std::string_view source);

// Leaves the options what a build for the CPU takes.
void leave_out_gpu_sources(BuildOptions& options);

// Puts "cuBLASLt 13.1.0 or newer" in place of "cuBLASLt", as the plan's steps call the library.
void state_versions(const Plan& plan, std::vector<std::string>& requirements);

}  // namespace cermet
