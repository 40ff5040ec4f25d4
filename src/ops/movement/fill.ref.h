// Operators that make tensors of patterns: triangles, one-hot rows, diagonals, constants.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_trilu(InferContext& context);
void infer_one_hot(InferContext& context);
void infer_eye_like(InferContext& context);
void infer_constant_of_shape(InferContext& context);

void evaluate_trilu(EvalContext& context);
void evaluate_one_hot(EvalContext& context);
void evaluate_eye_like(EvalContext& context);
void evaluate_constant_of_shape(EvalContext& context);

}  // namespace cermet
