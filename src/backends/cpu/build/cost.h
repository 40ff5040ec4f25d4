// Rough costs of problems on a core of today, for the order of candidates.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cpu {

// What one core does in a microsecond.
struct CoreSpeed {
  double operations = 80e3;
  double bytes = 12e3;
};

// Shapes of a step's operands at the first profile's opt; sizes that no profile names count as 8.
struct TypicalShapes {
  std::vector<std::optional<Shape>> inputs, outputs;  // nothing where the operand is absent
};
// Nothing when a rank is unknown or the sizes contradict each other.
std::optional<TypicalShapes> typical_shapes(const Plan& plan, const Step& step);

// Microseconds at the typical shapes: operations or bytes, whichever takes longer. Negative when
// there are none.
double estimate_us(const TacticQuery& query, const CoreSpeed& speed = {});

}  // namespace cermet::cpu
