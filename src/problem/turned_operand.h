// Which transposed operands a product reads as they lie.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cermet {

// Whether operand `input` (0: left, 1: right) of a product, of that rank, may lie so that dimension
// `fastest` is the one in one piece: rows of the left factor, rows or columns of the right one.
// Columns of the left one would cost its packing more than the transpose does.
constexpr bool reads_turned_operand(size_t input, int64_t fastest, size_t rank) {
  return rank >= 2 && fastest + 1 + static_cast<int64_t>(input) >= static_cast<int64_t>(rank);
}

}  // namespace cermet
