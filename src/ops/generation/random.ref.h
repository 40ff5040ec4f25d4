// Random tensors. With a seed every run gives the same numbers, on every machine.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_random(InferContext& context);       // shape by attribute
void infer_random_like(InferContext& context);  // shape of the input
void infer_multinomial(InferContext& context);

void evaluate_random_normal(EvalContext& context);
void evaluate_random_uniform(EvalContext& context);
void evaluate_multinomial(EvalContext& context);
void evaluate_bernoulli(EvalContext& context);

}  // namespace cermet
