// TopK.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_top_k(InferContext& context);
void evaluate_top_k(EvalContext& context);

}  // namespace cermet
