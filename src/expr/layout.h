// How a tensor's elements lie in memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cermet/tensor.h"

namespace cermet {

// Row-major in the order of `order` (outermost first; empty: the graph's own order), after which
// the dimension `block_axis` may be split into blocks of `block` that lie innermost: channels-last
// is order {0, 2, 3, 1}; nChw16c is block_axis 1, block 16. The last block is padded with zeros.
// With a `pitch` the tensor is a part of wider rows: the `row_dims` innermost dimensions lie in one
// piece, and such pieces begin `pitch` elements apart; there are no blocks then.
struct Layout {
  std::vector<int8_t> order;
  int8_t block_axis = -1;
  int16_t block = 1;
  int8_t row_dims = 0;
  int64_t pitch = 0;

  bool is_row_major() const { return order.empty() && is_dense(); }
  // All elements in one piece, in some order of the dimensions.
  bool is_dense() const { return block_axis < 0 && pitch == 0; }
  bool operator==(const Layout&) const = default;

  static Layout channels_last(int rank);
  // "row-major", "0231", "0123b1x16", "p1x2304"
  std::string to_string() const;
  static Layout parse(std::string_view text);
};

// Elements of a row, of a layout with a pitch.
int64_t row_elements(const Shape& shape, const Layout& layout);
// Bytes from the first to the last element of a tensor under a layout, padding and what lies
// between rows included. Throws invalid_argument where rows would overlap.
size_t byte_size(ElementType type, const Shape& shape, const Layout& layout);
// The elements of a tensor under a layout with a pitch, which begin at `from`, row-major; and the
// other way round, with zeros between the rows: bytes, whatever the shape of the result says.
Tensor gathered_rows(const std::byte* from, ElementType type, const Shape& shape,
                     const Layout& layout);
Tensor spread_rows(const Tensor& tensor, const Layout& layout);
// The element strides of each dimension under an unblocked layout.
std::vector<int64_t> strides(const Shape& shape, const Layout& layout);

}  // namespace cermet
