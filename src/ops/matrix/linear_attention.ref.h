// LinearAttention: a recurrence over tokens whose state is one matrix a head.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_linear_attention(InferContext& context);
void evaluate_linear_attention(EvalContext& context);

}  // namespace cermet
