// Runs kernels of this machine to time them.
#pragma once

#include <memory>
#include <string>

#include "tactics/tuner.h"

namespace cermet::cpu {

// Times the kernel of a plan's only step on random operands of its typical shapes. Operands other
// than float32 hold zeros; throws out_of_memory where they are too large to try. All kernels of a
// timer share one team of threads, which is awake when a run begins, as in a network: the threads
// of another team, waiting for work, would take the cores from the one that is timed.
KernelTimer step_timer();

// Processor, instruction set and versions of libraries, as one line.
std::string device_name();

}  // namespace cermet::cpu
