// The metadata section of an engine.
#pragma once

#include <flatbuffers/flatbuffers.h>

#include "engine/image.h"
#include "engine/writer_constants.h"
#include "engine/writer_kernels.h"

namespace cermet {

// `on_cpu` is the second plan with its information, or nullptr.
flatbuffers::DetachedBuffer encode_metadata(const Plan& plan, const EngineInfo& info,
                                            const EngineImage* on_cpu,
                                            std::span<const ConstantPlace> places,
                                            const PlacedKernels& kernels);

}  // namespace cermet
