// Masks of attention written out, as one operand that the operator adds to the scores.
#pragma once

#include <vector>

#include "passes/match.h"
#include "passes/pass.h"

namespace cermet {

// What one node does to scores: it adds the mask to them, or puts `low` in their place where the
// condition is (or is not) true.
struct MaskPart {
  enum class Kind { added, kept_where_true, kept_where_false };
  ValueId value = no_value;
  Kind kind = Kind::added;
  float low = 0;
};

// What the node that makes `masked` may be: which of its operands are the scores, and what it does
// to them. Empty where it is no mask, or would not give the same as a number that is added; two
// where either operand of a sum could be the scores.
struct MaskStep {
  ValueId scores = no_value;
  MaskPart part;
};
std::vector<MaskStep> mask_steps(const Graph& graph, ValueId masked);

// The sum of the parts, at least one, for scores of these dimensions.
ValueId joint_mask(const Graph& graph, Patch& patch, const std::vector<MaskPart>& parts,
                   const Dims& scores);

}  // namespace cermet
