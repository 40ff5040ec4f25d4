// Softmax, LogSoftmax and Hardmax along one axis.
#pragma once

#include <span>

#include "ops/operator.ref.h"

namespace cermet {

void infer_softmax(InferContext& context);
void evaluate_softmax(EvalContext& context);

// In place; a row of nothing but -infinity becomes NaN, as the formula says.
void softmax_row(std::span<double> row);
void log_softmax_row(std::span<double> row);

}  // namespace cermet
