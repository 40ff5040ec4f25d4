// Orders of dimensions: entry d is the dimension of the operand that becomes dimension d.
#pragma once

#include <cstdint>
#include <vector>

#include "expr/dim.h"

namespace cermet {

using Permutation = std::vector<int64_t>;

// [batch, length, heads, size] to [batch, heads, length, size], and back.
inline const Permutation heads_first{0, 2, 1, 3};

bool is_identity(const Permutation& order);
Permutation inverse(const Permutation& order);
// What `first` and then `second` do.
Permutation composed(const Permutation& first, const Permutation& second);
// Elements stay in their order: sizes that are not 1 do.
bool moves_ones_only(const Dims& operand, const Permutation& order);

}  // namespace cermet
