// What a reshape does to dimensions: which it splits, which it joins.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "ir/graph.h"
#include "passes/permutation.h"

namespace cermet {

// Dimensions [from, from_end) become [to, to_end). One side may be empty: sizes of 1 come and go.
struct ReshapeGroup {
  size_t from = 0, from_end = 0, to = 0, to_end = 0;

  bool joins() const { return from_end - from > 1; }
  bool splits() const { return to_end - to > 1; }
};

// The smallest groups that keep their number of elements, in order; nothing where symbols hide
// them.
std::optional<std::vector<ReshapeGroup>> reshape_groups(const Dims& from, const Dims& to);

// Where each dimension of the reshaped tensor lies if the operand is reshaped before it is
// transposed by `order`: that transposes the result. Nothing where joined dimensions are not
// neighbours in that order before the transpose.
std::optional<Permutation> order_behind_reshape(const std::vector<ReshapeGroup>& groups,
                                                const Permutation& order);

// The sizes before a transpose of that order gives `dims`.
Dims before_transpose(const Dims& dims, const Permutation& order);

// Reshape, Flatten, Squeeze and Unsqueeze.
bool is_reshaping(const Node& node);

}  // namespace cermet
