// Gemm: alpha * A' * B' + beta * C.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_gemm(InferContext& context);
void evaluate_gemm(EvalContext& context);

}  // namespace cermet
