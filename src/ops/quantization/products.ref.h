// Products of integers with zero points, accumulated in int32.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_mat_mul_integer(InferContext& context);
void evaluate_mat_mul_integer(EvalContext& context);

void infer_conv_integer(InferContext& context);
void evaluate_conv_integer(EvalContext& context);

}  // namespace cermet
