// Runs kernels of this machine to time them.
#pragma once

#include <memory>
#include <string>

#include "tactics/tuner.h"

namespace cermet::cpu {

// A KernelTimer: the kernel of the plan's only step on random operands of its typical shapes.
// Operands other than float32 hold zeros; throws out_of_memory where they are too large to try.
std::unique_ptr<TimedKernel> time_step(const Plan& plan, int threads, bool cold);

// Processor, instruction set and versions of libraries, as one line.
std::string device_name();

}  // namespace cermet::cpu
