// What multiplies or shifts the channels of a convolution's or product's operands, taken into its
// constant weights.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "passes/match.h"
#include "passes/pass.h"

namespace cermet {

// y[c] = scale[c] * x[c] + shift[c].
struct ScaleShift {
  std::vector<double> scale, shift;
};

bool is_convolution(const Node& node);  // Conv or ConvTranspose

// Why the convolution can't take a scale and shift of its result `joint`; nullptr when it can.
const char* why_not_into(const Graph& graph, const Node& convolution, ValueId joint,
                         const Uses& uses);

// How many channels the result of a convolution with constant weights has.
int64_t result_channels(const Graph& graph, const Node& convolution);

// The convolution with weights and bias that scale and shift its result, which `why_not_into` has
// allowed. `recipe` names what was done; `shifts_from` are the constants that the shift is made of.
Node scaled_convolution(const Graph& graph, Patch& patch, const Node& convolution,
                        const ScaleShift& by, const std::vector<ValueId>& shifts_from,
                        const std::string& recipe);

// The tensor with the elements at index i of dimension `axis` multiplied by factors[i].
Tensor scaled_along(const Tensor& tensor, size_t axis, const std::vector<double>& factors);

}  // namespace cermet
