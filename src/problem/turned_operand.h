// Which operands that are not row-major products and attention read as they lie.
#pragma once

#include <cstddef>
#include <cstdint>

#include "expr/layout.h"

namespace cermet {

// Whether operand `input` (0: left, 1: right) of a product, of that rank, may lie so that dimension
// `fastest` is the one in one piece: rows of the left factor, rows or columns of the right one.
// Columns of the left one would cost its packing more than the transpose does.
constexpr bool reads_turned_operand(size_t input, int64_t fastest, size_t rank) {
  return rank >= 2 && fastest + 1 + static_cast<int64_t>(input) >= static_cast<int64_t>(rank);
}

// Whether attention reads queries, keys or values that lie so: dimensions in their order, a row of
// heads (or of one head) in one piece, rows or whole matrices of them apart.
inline bool reads_heads_under(const Layout& layout) {
  return layout.order.empty() && layout.block_axis < 0;
}

}  // namespace cermet
