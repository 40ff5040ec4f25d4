// Loops over tensors whose elements lie at different strides.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "expr/layout.h"

namespace cermet::cpu {

// Element strides of several tensors that are walked together: strides[tensor][dimension],
// outermost dimension first.
struct StridedLoop {
  std::vector<int64_t> sizes;
  std::vector<std::vector<int64_t>> strides;

  int64_t points() const;
  // Drops dimensions of size 1 and joins neighbours that every tensor walks in one stride, so that
  // the points stay in the same order.
  void collapse();
  // Afterwards there are at least that many dimensions.
  void extend(size_t rank);
};

// Element strides with which a tensor is read under the coordinates of `result` by numpy
// broadcasting; 0 where it repeats. Throws internal for a blocked layout.
std::vector<int64_t> broadcast_strides(const Shape& shape, const Layout& layout,
                                       const Shape& result);

// The dimensions of `rank` in the order of the layout, outermost first.
std::vector<int> dimension_order(const Layout& layout, size_t rank);
std::vector<int64_t> permuted(std::span<const int64_t> values, std::span<const int> order);

// Copies rows of elements; strides are in elements and may be 0. No alignment is required.
struct RowCopy {
  int64_t rows = 1, columns = 1;
  int64_t from_row = 0, from_column = 1;
  int64_t to_row = 0, to_column = 1;
};
void copy_rows(const RowCopy& copy, size_t element_bytes, const void* from, void* to);

}  // namespace cermet::cpu
