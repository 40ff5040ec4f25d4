// CumSum and CumProd.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_cumulative(InferContext& context);
void evaluate_cumulative(EvalContext& context);

}  // namespace cermet
