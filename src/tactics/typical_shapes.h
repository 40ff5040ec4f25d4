// The sizes for which kernels are chosen.
#pragma once

#include <optional>
#include <vector>

#include "plan/plan.h"

namespace cermet {

// Shapes of a step's operands at the first profile's opt; sizes that no profile names
// count as 8, or more where 8 would leave nothing to compute.
struct TypicalShapes {
  std::vector<std::optional<Shape>> inputs, outputs;  // nothing where the operand is absent
  SymbolValues symbols;                               // of the profile, and those that occur
};
// Nothing when a rank is unknown or no such sizes are found.
std::optional<TypicalShapes> typical_shapes(const Plan& plan, const Step& step);
// The same for a problem of no plan; `named` are the sizes that a profile names.
std::optional<TypicalShapes> typical_shapes(const Problem& problem, const SymbolValues& named);

}  // namespace cermet
