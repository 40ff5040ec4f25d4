// ReduceSum, ReduceMean, ReduceMax ...: one value for each set of elements along some axes.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_reduce(InferContext& context);
void evaluate_reduce(EvalContext& context);

}  // namespace cermet
