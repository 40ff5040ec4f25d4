// LayerNormalization and RMSNormalization: over the dimensions from `axis` on.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_layer_normalization(InferContext& context);
void evaluate_layer_normalization(EvalContext& context);
void infer_rms_normalization(InferContext& context);
void evaluate_rms_normalization(EvalContext& context);

}  // namespace cermet
