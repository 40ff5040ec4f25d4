// RotaryEmbedding: rotates pairs of each head's elements by angles that depend on the position.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_rotary_embedding(InferContext& context);
void evaluate_rotary_embedding(EvalContext& context);

}  // namespace cermet
