// NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_loss(InferContext& context);
void evaluate_loss(EvalContext& context);

}  // namespace cermet
