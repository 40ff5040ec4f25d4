// The metadata section of a plan.
#pragma once

#include <flatbuffers/flatbuffers.h>

#include "engine/image.h"
#include "engine/writer_constants.h"
#include "engine/writer_kernels.h"

namespace cermet {

flatbuffers::DetachedBuffer encode_metadata(const Plan& plan, const EngineInfo& info,
                                            const std::vector<ConstantPlace>& places,
                                            const PlacedKernels& kernels);

}  // namespace cermet
