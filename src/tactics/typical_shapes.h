// The sizes for which kernels are chosen.
#pragma once

#include <optional>
#include <vector>

#include "plan/plan.h"

namespace cermet {

// Shapes of a step's operands at the first profile's opt; sizes that no profile names count as 8.
struct TypicalShapes {
  std::vector<std::optional<Shape>> inputs, outputs;  // nothing where the operand is absent
};
// Nothing when a rank is unknown or the sizes contradict each other.
std::optional<TypicalShapes> typical_shapes(const Plan& plan, const Step& step);

}  // namespace cermet
