// What is done to a plan between lowering and the choice of kernels.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tactics/tactic.h"

namespace cermet {

// A rewriting that may be left out. Returns how many steps it changed.
struct PlanPass {
  std::string_view name;
  int (*run)(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options) = nullptr;
};

// In their order.
std::span<const PlanPass> plan_passes();

struct PlanPassResult {
  std::string_view name;
  int changes = 0;
  double milliseconds = 0;
};

// Splits epilogues that no tactic takes, then runs all passes but those in `skip`. Names in it that
// are no plan pass's are passed over.
std::vector<PlanPassResult> arrange(Plan& plan, std::span<const Tactic> tactics,
                                    const TacticOptions& options,
                                    std::span<const std::string> skip = {});

}  // namespace cermet
