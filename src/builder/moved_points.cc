#include "builder/moved_points.h"

#include <algorithm>

#include "ops/operator.ref.h"

namespace cermet {
namespace {

size_t axis_of(int64_t axis, size_t rank) {
  return static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(rank) : axis);
}

// The points that the slice puts at those of `grid`, in its order.
Grid sliced_source(const Shape& from, const SlicedParts& parts, const Grid& grid) {
  Grid source = grid;
  for (size_t i = 0; i < parts.starts.size(); ++i) {
    const int64_t axis = parts.axes.empty() ? static_cast<int64_t>(i) : parts.axes[i];
    const size_t d = axis_of(axis, from.size());
    const int64_t step = parts.steps.empty() ? 1 : parts.steps[i], size = from[d];
    const int64_t start = parts.starts[i] < 0 ? parts.starts[i] + size : parts.starts[i];
    const int64_t first = std::clamp<int64_t>(start, 0, step < 0 ? size - 1 : size);
    for (int64_t& c : source[d]) c = first + c * step;
  }
  return source;
}

}  // namespace

Tensor slice_at(const Shape& from, const SlicedParts& parts, const Grid& grid,
                const InputAt& input_at) {
  Grid source = sliced_source(from, parts, grid);
  Grid places = whole_grid(shape_of(grid));
  bool turned = false;
  for (size_t d = 0; d < source.size(); ++d) {
    if (std::is_sorted(source[d].begin(), source[d].end())) continue;
    turned = true;
    std::reverse(source[d].begin(), source[d].end());
    std::reverse(places[d].begin(), places[d].end());
  }
  const Tensor taken = input_at(0, source);
  return turned ? at_grid(taken.view(), places) : taken;
}

Tensor concat_at(const Node& concat, const std::vector<std::optional<Shape>>& inputs,
                 const Grid& grid, const InputAt& input_at) {
  const size_t axis = axis_of(concat.attributes.integer("axis"), grid.size());
  std::vector<std::optional<Value>> parts;
  int64_t before = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const int64_t behind = before + (*inputs[i])[axis];
    Grid part = grid;
    part[axis].clear();
    for (int64_t c : grid[axis])
      if (c >= before && c < behind) part[axis].push_back(c - before);
    before = behind;
    if (!part[axis].empty()) parts.emplace_back(Value(input_at(i, part)));
  }
  return evaluate(*find_operator("", "Concat"), concat.attributes, parts, 1)[0].tensor;
}

}  // namespace cermet
