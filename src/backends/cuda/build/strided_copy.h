// out[to_offset + sum of i_d * to_d] = in[from_offset + sum of i_d * from_d] for every index i:
// transposes, slices, joins and repetitions are all this.
#pragma once

#include <span>
#include <string_view>

#include "backends/cuda/build/moved_operands.h"

namespace cermet::cuda {

struct StridedCopy {
  size_t input = 0, output = 0;
  Dims sizes;
  Dims from, to;  // strides in elements; those of the source may be 0 or negative
  Dim from_offset = 0, to_offset = 0;

  // Orders the dimensions by the result's memory, drops those of size 1 and joins neighbours that
  // both sides walk in one stride. `order`: the dimensions, the result's outermost first.
  void normalise(const std::vector<size_t>& order);
  // The dimension along which the source's elements lie side by side while the result's don't,
  // both being long enough for tiles: the copy is a transposition. Nothing where it is none.
  std::optional<size_t> transposed_dimension() const;
};

// Adds launches for copies that are normal, up to so many `together` in one, transpositions apart.
// `tile`: the side of a transposition's tiles. All points of a copy lie in their operands and no
// two of all copies write to one place.
void add_strided_copies(const Problem& problem, std::span<const StridedCopy> copies, int tile,
                        size_t together, DeviceSource& into);

}  // namespace cermet::cuda
