// The recurrent operators, one pair of functions each.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_rnn(InferContext& context);
void evaluate_rnn(EvalContext& context);
void infer_gru(InferContext& context);
void evaluate_gru(EvalContext& context);
void infer_lstm(InferContext& context);
void evaluate_lstm(EvalContext& context);

}  // namespace cermet
