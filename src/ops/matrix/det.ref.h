// Det: determinants of the innermost square matrices.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_det(InferContext& context);
void evaluate_det(EvalContext& context);

}  // namespace cermet
