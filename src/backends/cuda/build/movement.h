// Operators that only move elements to places that follow from the shapes.
#pragma once

#include "backends/cuda/build/strided_copy.h"

namespace cermet::cuda {

// What a rule makes copies from.
struct MovementContext {
  const TacticQuery& query;
  const Problem& problem;
  const OperandSizes& sizes;

  // A copy over these dimensions, in the order in which they are given.
  StridedCopy copy(size_t input, size_t output, Dims dims, Dims from, Dims to) const;
};

struct MovementRule {
  std::string_view op;
  std::vector<StridedCopy> (*make)(const MovementContext&);
  std::optional<std::string> (*rejects)(const TacticQuery&) = nullptr;  // beyond what all reject
  bool row_major_only = false;
};
// nullptr for an operator that has none.
const MovementRule* find_movement_rule(const Problem& problem);

Tactic movement_tactic();  // "cuda.movement"
Tactic reorder_tactic();   // "cuda.reorder": the same values under another layout
Tactic pad_tactic();       // "cuda.pad"

}  // namespace cermet::cuda
