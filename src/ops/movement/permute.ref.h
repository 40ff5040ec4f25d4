// Operators that reorder or repeat all elements.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_transpose(InferContext& context);
void infer_expand(InferContext& context);
void infer_tile(InferContext& context);
void infer_depth_to_space(InferContext& context);
void infer_space_to_depth(InferContext& context);
// The sizes that stay are those of input 0 with axes reversed per sequence.
void infer_reverse_sequence(InferContext& context);

void evaluate_transpose(EvalContext& context);
void evaluate_expand(EvalContext& context);
void evaluate_tile(EvalContext& context);
void evaluate_depth_to_space(EvalContext& context);
void evaluate_space_to_depth(EvalContext& context);
void evaluate_reverse_sequence(EvalContext& context);

}  // namespace cermet
