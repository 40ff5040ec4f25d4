// All that an engine file gets: one plan or two, and the model where it is kept.
#pragma once

#include <cstddef>
#include <vector>

#include "builder/build_image.h"

namespace cermet {

// As build_engine() does, for whatever devices the options name.
EngineImage build_whole(const std::string& name, const ReadModel& read, const BuildOptions& options,
                        BuildReport& report);

// The file's. Throws out_of_memory beyond the options' memory limit.
std::vector<std::byte> bytes_of_built(const EngineImage& image, const BuildOptions& options);

}  // namespace cermet
