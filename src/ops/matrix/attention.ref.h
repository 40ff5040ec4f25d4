// Attention: softmax(scale * Q * K' + bias) * V by heads, with key/value cache.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_attention(InferContext& context);
void evaluate_attention(EvalContext& context);

}  // namespace cermet
