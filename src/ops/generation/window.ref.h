// Windows and filter banks of signal processing.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_window(InferContext& context);
void infer_mel_weight_matrix(InferContext& context);

void evaluate_hann_window(EvalContext& context);
void evaluate_hamming_window(EvalContext& context);
void evaluate_blackman_window(EvalContext& context);
void evaluate_mel_weight_matrix(EvalContext& context);

}  // namespace cermet
