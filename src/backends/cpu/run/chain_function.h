// Which known function of one variable an expression computes.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "backends/cpu/run/epilogue.h"

namespace cermet::cpu {

using RealFunction = std::function<double(double)>;

// The function with its parameters as a link. It is compared at points around every one of
// `corners` (the constants that occur in the expression) and over the whole range of float32;
// agreement means 1e-6 relative to the larger of 1 and the value.
std::optional<ChainLink> recognize(const RealFunction& function,
                                   const std::vector<double>& corners);

// The function of a link at x; the definition of ChainFunction.
double evaluate(const ChainLink& link, double x);

}  // namespace cermet::cpu
