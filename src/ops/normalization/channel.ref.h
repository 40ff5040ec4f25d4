// Normalisations with one scale and bias a channel: batch, instance and group.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_batch_normalization(InferContext& context);
void evaluate_batch_normalization(EvalContext& context);
// Both work on groups of channels; InstanceNormalization's groups are single channels.
void infer_group_normalization(InferContext& context);
void evaluate_group_normalization(EvalContext& context);

}  // namespace cermet
