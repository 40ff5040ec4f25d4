// MatMul with numpy's meaning: vectors are promoted, leading dimensions broadcast.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_mat_mul(InferContext& context);
void evaluate_mat_mul(EvalContext& context);

// The dimensions of a product, shared with products of other element types; throws through
// `context` when the inner sizes can't match. Nothing when a rank is unknown.
std::optional<Dims> product_dims(const InferContext& context, size_t a, size_t b);

// Multiplies dense row-major tensors of the given shapes; integers wrap as uint64_t.
template <class T>
std::vector<T> multiply(const std::vector<T>& a, Shape a_shape, const std::vector<T>& b,
                        Shape b_shape);

}  // namespace cermet
