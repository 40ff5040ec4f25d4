// Operators of ai.onnx.ml that prepare features.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_array_feature_extractor(InferContext& context);
void evaluate_array_feature_extractor(EvalContext& context);
void evaluate_binarizer(EvalContext& context);  // type of its input
void infer_to_float(InferContext& context);     // Scaler, Normalizer
void evaluate_scaler(EvalContext& context);
void evaluate_normalizer(EvalContext& context);
void evaluate_imputer(EvalContext& context);  // type of its input
void infer_one_hot_encoder(InferContext& context);
void evaluate_one_hot_encoder(EvalContext& context);
void infer_feature_vectorizer(InferContext& context);
void evaluate_feature_vectorizer(EvalContext& context);

}  // namespace cermet
