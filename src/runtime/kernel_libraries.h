// Libraries of others that hold kernels.
#pragma once

#include "base/cpu_features.h"
#include "cermet/logger.h"
#include "engine/reader.h"

namespace cermet {

// Throws device naming what the processor lacks of what the engine needs.
void check_processor(const EngineInfo& info, const CpuFeatures& features = cpu_features());

// Opens the kernel libraries of others that an engine requires. Throws device naming what is
// missing and how to get it.
void load_kernel_libraries(const EngineInfo& info, const Logger& logger);

}  // namespace cermet
