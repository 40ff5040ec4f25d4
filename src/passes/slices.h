// Slices with bounds that are known while building.
#pragma once

#include <optional>
#include <vector>

#include "passes/pass.h"

namespace cermet {

// What a Slice does to one dimension, in its own words.
struct SlicedAxis {
  int64_t axis = 0;  // from 0 on
  int64_t start = 0;
  int64_t end = 0;
  int64_t step = 1;
};

// The elements start, start + step, ... of a dimension, `count` of them.
struct AxisRange {
  int64_t start = 0;
  int64_t step = 1;
  int64_t count = 0;

  int64_t last() const { return start + step * (count - 1); }
};

// The dimensions of a Slice whose bounds are all known.
std::optional<std::vector<SlicedAxis>> sliced_axes(const Graph& graph, const Node& node);
// What it takes of a dimension of that size.
AxisRange range_of(const SlicedAxis& slice, int64_t size);
SlicedAxis slice_of(int64_t axis, const AxisRange& range);

// Adds a Slice of `value` to the patch.
ValueId add_slice(Patch& patch, ValueId value, const std::vector<SlicedAxis>& axes, Origin origin);

}  // namespace cermet
