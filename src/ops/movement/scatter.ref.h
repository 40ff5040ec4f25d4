// Writing elements to positions that an index tensor names.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_scatter_elements(InferContext& context);
void infer_scatter_nd(InferContext& context);
void infer_tensor_scatter(InferContext& context);

void evaluate_scatter_elements(EvalContext& context);
void evaluate_scatter_nd(EvalContext& context);
void evaluate_tensor_scatter(EvalContext& context);

}  // namespace cermet
