// Slice and Concat at some points of their results: operands that hold none of them are not needed.
#pragma once

#include <optional>

#include "builder/convolution_points.h"

namespace cermet {

// What a Slice takes along each dimension that it cuts; `steps` is empty where all are 1, `axes`
// where they are the first ones.
struct SlicedParts {
  std::vector<int64_t> starts, axes, steps;
};

// Of an operand of shape `from`; `grid` are points of the result.
Tensor slice_at(const Shape& from, const SlicedParts& parts, const Grid& grid,
                const InputAt& input_at);

// `inputs` are the shapes of the node's operands, grid are points of the result.
Tensor concat_at(const Node& concat, const std::vector<std::optional<Shape>>& inputs,
                 const Grid& grid, const InputAt& input_at);

}  // namespace cermet
