// CausalConvWithState: a depthwise convolution over the present and the past only.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_causal_conv(InferContext& context);
void evaluate_causal_conv(EvalContext& context);

}  // namespace cermet
