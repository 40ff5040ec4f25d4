// TreeEnsemble, TreeEnsembleRegressor and TreeEnsembleClassifier.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_tree_regression(InferContext& context);  // TreeEnsemble too
void evaluate_tree_ensemble(EvalContext& context);
void evaluate_tree_regressor(EvalContext& context);
void infer_tree_classifier(InferContext& context);
void evaluate_tree_classifier(EvalContext& context);

}  // namespace cermet
