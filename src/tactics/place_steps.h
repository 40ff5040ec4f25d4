// Which steps run on the device, with copies between there and the host.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tactics/tactic.h"

namespace cermet {

// A step with a kernel that the device could not have.
struct HostStep {
  std::string step;
  std::string op;
  std::string reason;
};

// Puts each step on the device that one of its tactics takes, with or without its epilogue, in the
// model's layouts or channels-last; values that are small and of the host alone stay there. Steps
// that the host decides (control flow, sizes) and the plan's inputs and outputs are the host's;
// what control flow hands on is where its bodies compute it. Where a value is needed in the other
// place a step of kind copy makes it. Returns the steps that had to stay on the host.
std::vector<HostStep> place_steps(Plan& plan, std::span<const Tactic> tactics,
                                  const TacticOptions& options);

}  // namespace cermet
