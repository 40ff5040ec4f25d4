// Whether a run can be put into a stream as a whole.
#pragma once

#include <string>

#include "runtime/shape_plan.h"

namespace cermet {

// What the host has to do in the midst of a run of these shapes: "step 'x'"; empty: nothing, inputs
// are copied to the device or read there, and outputs come from there.
std::string find_host_step(const Engine::Impl& engine, const ShapePlan& shapes);

}  // namespace cermet
