// Normalisations without parameters: LpNormalization, MeanVarianceNormalization and LRN. All keep
// the type of their input.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_lp_normalization(InferContext& context);
void evaluate_lp_normalization(EvalContext& context);
void infer_mean_variance_normalization(InferContext& context);
void evaluate_mean_variance_normalization(EvalContext& context);
void infer_lrn(InferContext& context);
void evaluate_lrn(EvalContext& context);

}  // namespace cermet
