// Products of bytes: of integers with zero points, accumulated in int32, and of float8.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_mat_mul_integer(InferContext& context);
void evaluate_mat_mul_integer(EvalContext& context);

void infer_conv_integer(InferContext& context);
void evaluate_conv_integer(EvalContext& context);

// The formats of which MatMulFloat8 and ConvFloat8 are products.
bool is_multiplied_float8(ElementType type);
// Evaluated by MatMul's and Conv's own kernels.
void infer_mat_mul_float8(InferContext& context);
void infer_conv_float8(InferContext& context);

// What Conv gives of the context's first two inputs.
ValueType convolution_type(InferContext& context);

}  // namespace cermet
