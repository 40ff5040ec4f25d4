// Einsum: sums of products named by an equation.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_einsum(InferContext& context);
void evaluate_einsum(EvalContext& context);

}  // namespace cermet
