// Operators that state or change a shape and leave the elements where they are.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_shape(InferContext& context);
void infer_size(InferContext& context);
void infer_reshape(InferContext& context);
void infer_flatten(InferContext& context);
void infer_squeeze(InferContext& context);
void infer_unsqueeze(InferContext& context);

void evaluate_shape(EvalContext& context);
void evaluate_size(EvalContext& context);
// The input's elements under the inferred shape.
void evaluate_reshape(EvalContext& context);

}  // namespace cermet
