// LinearRegressor and LinearClassifier.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_linear_regressor(InferContext& context);
void evaluate_linear_regressor(EvalContext& context);
void infer_linear_classifier(InferContext& context);
void evaluate_linear_classifier(EvalContext& context);

}  // namespace cermet
