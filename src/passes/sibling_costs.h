// What a group of siblings costs, apart and merged.
#pragma once

#include <optional>

#include "passes/siblings.h"
#include "problem/cost_oracle.h"

namespace cermet {

// In microseconds. Biases and what follows all members alike cost the same either way and are left
// out.
struct SiblingCosts {
  double apart = 0, together = 0;

  bool pays() const;
};

// Nothing where the oracle does not know.
std::optional<SiblingCosts> costs_of(const Graph& graph, const Uses& uses,
                                     const SiblingGroup& group, const CostOracle& oracle);

}  // namespace cermet
