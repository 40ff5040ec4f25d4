// Conv at some points of its result, by the operator's own reference kernel on an image that is put
// together of the patches of those points.
#pragma once

#include <functional>
#include <vector>

#include "builder/grid.h"
#include "ir/graph.h"

namespace cermet {

// Gives input i of the node at the points of a grid.
using InputAt = std::function<Tensor(size_t i, const Grid& grid)>;

// `x` and `w` are the shapes of the first two inputs; grid are points of the result.
Tensor convolution_at(const Node& conv, const Shape& x, const Shape& w, const Grid& grid,
                      const InputAt& input_at);

}  // namespace cermet
