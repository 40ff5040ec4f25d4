// Which scale belongs to which element: per tensor, per axis, or in blocks along an axis.
#pragma once

#include <vector>

#include "ops/operator.ref.h"

namespace cermet {

// Checks the sizes of the scale (input 1) and zero point (input 2, optional) against those of input
// 0 as far as they are known, and the attributes axis and block_size.
void require_granularity(const InferContext& context);

// For every element of input 0, in order, the index of its element of the scale. Requires shapes
// that require_granularity let pass.
std::vector<int64_t> scale_indices(const EvalContext& context);

}  // namespace cermet
