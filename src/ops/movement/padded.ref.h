// Operators of ours whose result is that of one of ONNX's whose size depends on data, with zeros
// behind it up to the largest size that it may have, and beside it how much of that it fills.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

// int64[rank, elements] and int64[1]: the places of NonZero in front.
void infer_padded_nonzero(InferContext& context);
void evaluate_padded_nonzero(EvalContext& context);

// int64[most, 3] and int64[1]: the rows of NonMaxSuppression in front.
void infer_padded_suppression(InferContext& context);
void evaluate_padded_suppression(EvalContext& context);

}  // namespace cermet
