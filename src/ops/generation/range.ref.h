// Arithmetic progressions.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_range(InferContext& context);
void evaluate_range(EvalContext& context);

}  // namespace cermet
