// Putting tensors together along one dimension, and taking them apart.
#pragma once

#include "ops/movement/strided_copy.ref.h"
#include "ops/operator.ref.h"

namespace cermet {

void infer_concat(InferContext& context);
void infer_split(InferContext& context);

void evaluate_concat(EvalContext& context);
void evaluate_split(EvalContext& context);

// Copies between `part` and the piece of `whole` that begins at `start` along `axis`; they agree
// in every other dimension.
void copy_into(const ConstTensorView& part, const TensorView& whole, size_t axis, int64_t start);
void copy_out_of(const ConstTensorView& whole, const TensorView& part, size_t axis, int64_t start);

}  // namespace cermet
