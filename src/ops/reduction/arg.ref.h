// ArgMax and ArgMin.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_arg(InferContext& context);
void evaluate_arg(EvalContext& context);

}  // namespace cermet
