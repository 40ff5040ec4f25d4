// The constants of an engine file.
#pragma once

#include <vector>

#include "engine/decode_values.h"
#include "engine/sections.h"
#include "plan/plan.h"

namespace cermet {

// Numeric constants lie in the section of weights, which they keep alive; strings are copied.
std::vector<PlanConstant> decode_constants(const fb::Engine& engine, const Sections& sections,
                                           ValueDecoder& values);

}  // namespace cermet
