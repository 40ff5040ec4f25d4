#include "backends/cpu/run/convolution_operands.h"

namespace cermet::cpu {

const Tensor& convolution_weights(const KernelContext& context) {
  const Tensor* weights = context.constant(1);
  require(weights != nullptr, ErrorCode::invalid_engine, "{}: the weights are no constant",
          context.step->choice.tactic);
  return *weights;
}

bool has_bias(const Problem& problem) {
  const size_t own = problem.has_epilogue() ? problem.epilogue_first : problem.inputs.size();
  return own > 2 && problem.inputs[2].has_value();
}

ConvolutionFinish::ConvolutionFinish(const Problem& problem, InstructionSet set,
                                     const std::optional<BoundedSum>& only_sum)
    : has_bias(cpu::has_bias(problem)),
      sum(only_sum.value_or(BoundedSum{})),
      epilogue(only_sum ? EpilogueProgram(ScalarExpr(), {}, set) : EpilogueProgram(problem, set)) {}

}  // namespace cermet::cpu
