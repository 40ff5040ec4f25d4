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
struct Layout {
  std::vector<int8_t> order;
  int8_t block_axis = -1;
  int16_t block = 1;

  bool is_row_major() const { return order.empty() && block_axis < 0; }
  bool operator==(const Layout&) const = default;

  static Layout channels_last(int rank);
  // "row-major", "0231", "0123b1x16"
  std::string to_string() const;
  static Layout parse(std::string_view text);
};

// Bytes of a tensor under a layout, padding included.
size_t byte_size(ElementType type, const Shape& shape, const Layout& layout);
// The element strides of each dimension under an unblocked layout.
std::vector<int64_t> strides(const Shape& shape, const Layout& layout);

}  // namespace cermet
