// Epilogues that only keep a result between two bounds: kernels apply them as they store.
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

// The problem's epilogue, if it is of this kind; no bounds where there is none.
std::optional<Bounds> read_bounds(const Problem& problem);

}  // namespace cermet::cpu
