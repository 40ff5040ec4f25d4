// Cutting pieces out of tensors and putting margins around them.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_slice(InferContext& context);
void infer_pad(InferContext& context);
void infer_center_crop_pad(InferContext& context);

void evaluate_slice(EvalContext& context);
void evaluate_pad(EvalContext& context);
void evaluate_center_crop_pad(EvalContext& context);

}  // namespace cermet
