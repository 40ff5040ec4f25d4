// A plan of one step, to try a kernel by itself.
#pragma once

#include <string>

#include "tactics/tactic.h"

namespace cermet {

// The step as a build with this choice would leave it, constants packed, with the buffers that it
// needs and the plan's inputs and profiles. Nothing is computed in place.
Plan lone_step(const Plan& plan, const Step& step, const Tactic& tactic,
               const std::string& configuration, int threads);

}  // namespace cermet
