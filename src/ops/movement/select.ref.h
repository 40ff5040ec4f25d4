// Operators whose result's size depends on the data.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_compress(InferContext& context);
void infer_nonzero(InferContext& context);
void infer_unique(InferContext& context);

void evaluate_compress(EvalContext& context);
void evaluate_nonzero(EvalContext& context);
void evaluate_unique(EvalContext& context);

}  // namespace cermet
