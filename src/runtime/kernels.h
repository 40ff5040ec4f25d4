// All kernels that this process can run, by tactic.
#pragma once

#include "cermet/logger.h"
#include "engine/reader.h"
#include "plan/kernel.h"

namespace cermet {

// Opens the kernel libraries of others that an engine requires. Throws device naming what is
// missing and how to get it.
void load_kernel_libraries(const EngineInfo& info, const Logger& logger);

// Throws invalid_engine for a tactic or version that this release does not have.
const KernelFactory& find_kernel(const Choice& choice);

}  // namespace cermet
