// out[to_offset + sum of i_d * to_d] = in[from_offset + sum of i_d * from_d] for every index i:
// transposes, slices, joins and repetitions are all this.
#pragma once

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

// Adds a launch for the copy, which is normal. `tile`: the side of a transposition's tiles. All
// points of the copy lie in their operands and no two write to one place.
void add_strided_copy(const Problem& problem, const StridedCopy& copy, int tile,
                      DeviceSource& into);

}  // namespace cermet::cuda
