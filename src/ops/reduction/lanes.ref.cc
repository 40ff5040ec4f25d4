#include "ops/reduction/lanes.ref.h"

namespace cermet {

Lanes lanes_along(const Shape& shape, int axis) {
  Lanes lanes;
  for (int d = 0; d < static_cast<int>(shape.size()); ++d) {
    if (d < axis)
      lanes.outer *= shape[d];
    else if (d == axis)
      lanes.length = shape[d];
    else
      lanes.inner *= shape[d];
  }
  return lanes;
}

Rows rows_of(const Shape& shape, const std::vector<bool>& reduced) {
  Rows rows;
  for (size_t d = 0; d < shape.size(); ++d) (reduced[d] ? rows.length : rows.count) *= shape[d];
  return rows;
}

std::vector<int64_t> row_order(const Shape& shape, const std::vector<bool>& reduced) {
  std::vector<size_t> permutation;
  for (const bool pass : {false, true})
    for (size_t d = 0; d < shape.size(); ++d)
      if (reduced[d] == pass) permutation.push_back(d);
  bool in_order = true;
  for (size_t d = 0; d < permutation.size(); ++d) in_order &= permutation[d] == d;
  if (in_order) return {};

  const std::vector<int64_t> strides = row_major_strides(shape);
  std::vector<int64_t> order{0};
  for (const size_t d : permutation) {
    std::vector<int64_t> longer;
    longer.reserve(order.size() * static_cast<size_t>(shape[d]));
    for (const int64_t base : order)
      for (int64_t i = 0; i < shape[d]; ++i) longer.push_back(base + i * strides[d]);
    order = std::move(longer);
  }
  return order;
}

}  // namespace cermet
