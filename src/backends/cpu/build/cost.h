// Rough costs of problems on a core of today, for the order of candidates.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cpu {

// What one core does in a microsecond.
struct CoreSpeed {
  double operations = 80e3;
  double bytes = 12e3;
};

// Microseconds at the first profile's opt shapes: operations or bytes, whichever takes longer.
// Negative when a shape isn't known.
double estimate_us(const TacticQuery& query, const CoreSpeed& speed = {});

// The shape of a buffer at the first profile's opt shapes, where it follows from the inputs.
std::optional<Shape> optimum_shape(const Plan& plan, BufferId id);

}  // namespace cermet::cpu
