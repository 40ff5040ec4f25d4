// Handing on the elements of short integer tensors, by which exporters compute shapes.
#pragma once

#include <optional>

#include "ops/infer.ref.h"

namespace cermet {

// Longer tensors are data, not shapes: their elements are not followed.
inline constexpr int64_t longest_shape = 1024;

// contents(i), unless the tensor is long.
std::optional<Dims> shape_values(const InferContext& context, size_t i);
// States the elements of output i unless they are many; for outputs of rank 0 or 1.
void set_shape_values(InferContext& context, size_t i, Dims elements);

// The number of elements of a rank-1 input, when it is known (1 for a scalar).
std::optional<int> known_length(const InferContext& context, size_t i);

// Sizes are never negative, so an expression of them may have a sign that is known.
bool never_negative(const Dim& dim);
bool always_negative(const Dim& dim);

// The size of two tensors that must agree there: the constant one, if one is.
Dim merge_sizes(const InferContext& context, const Dim& a, const Dim& b);

}  // namespace cermet
