// What the operators of the reductions fold, in words of kernels/reduction.cu.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tactics/tactic.h"

namespace cermet::cuda {

struct ReductionFold {
  std::string fold;    // the struct's name with its arguments; declared with index_t
  std::string before;  // declarations that it needs
  // The result in the compute type of the operator's own result, of `value` and a number of
  // elements of the type that is summed, both as text.
  std::string finish(std::string_view value, std::string_view length) const;

  std::string pattern;  // {0}: value, {1}: length
};

// Whether the operator reduces.
bool is_reduction(const Problem& problem);
// Which dimensions of input 0 are reduced, or why that is not known.
struct ReducedDims {
  std::vector<bool> within;
  std::optional<std::string> unknown;
};
ReducedDims reduced_dims(const TacticQuery& query);
ReductionFold fold_of(const Problem& problem);

}  // namespace cermet::cuda
