// What our kernels of convolutions read of their step alike.
#pragma once

#include <algorithm>
#include <string_view>

#include "backends/cpu/run/bounds.h"
#include "backends/cpu/run/epilogue_loop.h"
#include "backends/cpu/run/packed_weights.h"
#include "backends/cpu/run/window_axis.h"
#include "base/error.h"
#include "ops/convolution/convolution.attrs.h"
#include "plan/kernel.h"

namespace cermet::cpu {

// The constant of input 1. Throws invalid_engine where it is none.
const Tensor& convolution_weights(const KernelContext& context);

// Whether input 2 is a bias, not an operand of the epilogue.
bool has_bias(const Problem& problem);

// What becomes of a sum before and after it is stored: as it is stored the bias is added, then
// another tensor, and bounds are kept; an epilogue that is more is applied to what was stored.
struct ConvolutionFinish {
  ConvolutionFinish(const Problem& problem, InstructionSet set)
      : ConvolutionFinish(problem, set, read_bounded_sum(problem)) {}

  // Of the results from `column` on; nullptr without a bias.
  const float* bias(const Call& call, int64_t column) const {
    return has_bias ? static_cast<const float*>(call.inputs[2]) + column : nullptr;
  }

  // What is added to the result's element `element`, counted in memory; nullptr without.
  const float* added(const Call& call, int64_t element) const {
    return sum.added ? static_cast<const float*>(call.inputs[*sum.added]) + element : nullptr;
  }

  bool has_bias;
  BoundedSum sum;
  EpilogueProgram epilogue;  // empty where the sum is all of it

 private:
  ConvolutionFinish(const Problem& problem, InstructionSet set,
                    const std::optional<BoundedSum>& only_sum);
};

// Weights that an engine holds as `given`: row-major where `text` is empty, otherwise as
// read_packed() says. `pack` brings row-major weights into a form.
template <class Form>
Tensor read_weights(const Tensor& given, std::string_view text, const Form& wanted,
                    Tensor (*pack)(const Tensor&, const Form&)) {
  return text.empty() ? pack(given, wanted) : read_packed(given, text, wanted);
}

}  // namespace cermet::cpu
