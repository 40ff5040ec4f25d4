// Rough costs of problems on a core of today, for the order of candidates.
#pragma once

#include "tactics/tactic.h"
#include "tactics/typical_shapes.h"

namespace cermet::cpu {

// What one core does in a microsecond.
struct CoreSpeed {
  double operations = 80e3;
  double bytes = 12e3;
};

// Multiplications and additions, or the like, of a problem whose first result is known.
double operations_of(const Problem& problem, const TypicalShapes& shapes);
// Of all operands and results.
double bytes_of(const Problem& problem, const TypicalShapes& shapes);

// Microseconds at the typical shapes: operations or bytes, whichever takes longer. Negative when
// there are none.
double estimate_us(const TacticQuery& query, const CoreSpeed& speed = {});

}  // namespace cermet::cpu
