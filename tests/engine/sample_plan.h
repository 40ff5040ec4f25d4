// A plan that uses every field of the engine file.
#pragma once

#include "engine/image.h"

namespace cermet {

EngineImage sample_image();
// Text of everything that a plan holds, contents of constants included.
std::string dump(const EngineImage& image);

}  // namespace cermet
