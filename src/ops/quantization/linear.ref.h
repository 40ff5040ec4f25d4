// QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_quantize(InferContext& context);
void evaluate_quantize(EvalContext& context);
void infer_dequantize(InferContext& context);
void evaluate_dequantize(EvalContext& context);
void infer_dynamic_quantize(InferContext& context);
void evaluate_dynamic_quantize(EvalContext& context);

}  // namespace cermet
