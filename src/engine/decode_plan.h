// The metadata section as a plan.
#pragma once

#include "engine/image.h"
#include "engine/sections.h"

namespace cermet {

// Everything is checked, `verify(plan)` included. Throws invalid_engine.
EngineImage decode_metadata(const Sections& sections);

}  // namespace cermet
