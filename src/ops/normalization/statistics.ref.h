// Mean and variance of rows, and the scaling that follows a normalisation.
#pragma once

#include <span>
#include <vector>

#include "ops/evaluate.ref.h"

namespace cermet {

struct Statistics {
  double mean = 0;
  double variance = 0;  // of the population
};

Statistics statistics_of(std::span<const double> row);

// row = (row - mean) * factor
void standardize(std::span<double> row, double mean, double factor);

// y *= scale, then y += bias where there is one; both broadcast to `shape`, one way. Throws through
// `context` when they don't.
void scale_and_shift(const EvalContext& context, std::vector<double>& y, const Shape& shape,
                     const ConstTensorView& scale, const ConstTensorView* bias);

}  // namespace cermet
