// What an engine keeps of the libraries that its steps call.
#pragma once

#include "backends/cuda/run/device.h"
#include "plan/plan.h"

namespace cermet::cuda {

// Gives the calls of the plan's steps the version of the library that is here, and the algorithm
// and workspace that it takes at the typical shapes.
void record_calls(Plan& plan, const DevicePointer& device);

}  // namespace cermet::cuda
