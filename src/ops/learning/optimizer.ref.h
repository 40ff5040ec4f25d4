// Adagrad, Adam and Momentum of ai.onnx.preview.training: one step for any number of tensors.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_optimizer(InferContext& context);
void evaluate_optimizer(EvalContext& context);

}  // namespace cermet
