#include "passes/permutation.h"

#include <algorithm>

namespace cermet {

bool is_identity(const Permutation& order) { return std::is_sorted(order.begin(), order.end()); }

Permutation inverse(const Permutation& order) {
  Permutation result(order.size());
  for (size_t d = 0; d < order.size(); ++d) result[order[d]] = static_cast<int64_t>(d);
  return result;
}

Permutation composed(const Permutation& first, const Permutation& second) {
  Permutation both;
  for (int64_t axis : second) both.push_back(first[axis]);
  return both;
}

bool moves_ones_only(const Dims& operand, const Permutation& order) {
  int64_t last = -1;
  for (int64_t axis : order) {
    if (operand[axis].is_constant(1)) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

}  // namespace cermet
