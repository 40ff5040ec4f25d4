// Libraries of others that hold kernels.
#pragma once

#include "cermet/logger.h"
#include "engine/reader.h"

namespace cermet {

// Opens the kernel libraries of others that an engine requires. Throws device naming what is
// missing and how to get it.
void load_kernel_libraries(const EngineInfo& info, const Logger& logger);

}  // namespace cermet
