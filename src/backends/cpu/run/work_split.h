// How work is given to threads, and what kernels with a TileLoop share.
#pragma once

#include <algorithm>
#include <atomic>

#include "backends/cpu/run/tile_loop.h"
#include "base/error.h"
#include "plan/kernel.h"

namespace cermet::cpu {

// Waking the team takes about as long as this many element operations on one thread.
inline constexpr int64_t elements_worth_a_thread = 32768;

// How many pieces cover `size`, the last one perhaps in part.
inline int64_t pieces(int64_t size, int64_t piece) { return (size + piece - 1) / piece; }

// Rows of the next tile where `rest` are left. The last two are about as high as each other: a low
// one has too few sums to keep the arithmetic units busy.
inline int64_t tile_height(int64_t rest, int64_t full) {
  if (rest <= full) return rest;
  return rest >= 2 * full ? full : (rest + 1) / 2;
}

inline size_t rounded_to_line(size_t bytes) { return (bytes + 63) / 64 * 64; }

// Weights that are read panel after panel come from memory in time when each tile of results asks
// for a part of the next panel while it works with this one, a line for each row of `columns`
// elements. What tile number `tile` asks for, as a distance in elements from its own place; 0 when
// the tiles before it asked for all.
inline int64_t panel_ahead(int64_t panel_elements, int64_t columns, int64_t tile) {
  constexpr int64_t line = 16;
  return tile == 0 || tile * line < columns ? panel_elements + tile * line : 0;
}

// Shapes where absent operands have none.
std::vector<std::optional<Placed>> placed_operands(std::span<const std::optional<Operand>> operands,
                                                   std::span<const std::optional<Shape>> shapes);
// Results are all there.
std::vector<Placed> placed_results(std::span<const std::optional<Operand>> operands,
                                   std::span<const std::optional<Shape>> shapes);

}  // namespace cermet::cpu
