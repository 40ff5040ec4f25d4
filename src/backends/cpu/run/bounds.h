// Epilogues that add at most one operand to a result and keep it between two bounds: kernels apply
// them as they store.
#pragma once

#include <limits>
#include <optional>

#include "problem/problem.h"

namespace cermet::cpu {

// Smaller results become `lowest`, larger ones `highest`; NaN stays.
struct Bounds {
  float lowest = -std::numeric_limits<float>::infinity();
  float highest = std::numeric_limits<float>::infinity();
};

// The input of the step that is added, of the result's type, shape and layout, and what bounds the
// sum then.
struct BoundedSum {
  std::optional<size_t> added;
  Bounds bounds;
};

// The problem's epilogue, if it is of this kind; nothing added and no bounds where there is none.
std::optional<BoundedSum> read_bounded_sum(const Problem& problem);

}  // namespace cermet::cpu
