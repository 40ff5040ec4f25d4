#include "backends/cpu/run/epilogue_loop.h"

#include "base/error.h"

namespace cermet::cpu {

std::optional<std::string> epilogue_rejects(const Problem& problem) {
  if (!problem.has_epilogue()) return std::nullopt;
  if (problem.expression.results().size() != 1) return "the epilogue has several results";
  if (problem.expression.result_type() != ElementType::float32)
    return "the epilogue's result is not float32";
  for (size_t i = problem.epilogue_first; i < problem.inputs.size(); ++i) {
    if (!problem.inputs[i]) return fmt::format("input {} of the epilogue is absent", i);
    if (!problem.inputs[i]->type.has_rank() || !problem.inputs[i]->layout.is_dense())
      return fmt::format("input {} of the epilogue has no strides", i);
  }
  if (auto reason = TileProgram::rejects(problem.expression)) return "epilogue: " + *reason;
  return std::nullopt;
}

EpilogueProgram::EpilogueProgram(const Problem& problem, InstructionSet set) {
  if (!problem.has_epilogue()) return;
  program.emplace(problem.expression, set);
  for (size_t i = problem.epilogue_first; i < problem.inputs.size(); ++i) sources.push_back(i);
}

EpilogueProgram::EpilogueProgram(const ScalarExpr& expression, std::vector<size_t> inputs,
                                 InstructionSet set)
    : sources(std::move(inputs)) {
  if (!expression.empty()) program.emplace(expression, set);
}

EpilogueLoop::EpilogueLoop(const EpilogueProgram& program, const Problem& problem,
                           const BindContext& context)
    : program_(program) {
  if (!program.program) return;
  const Placed result{*context.outputs[0], problem.outputs[0]->layout};
  std::vector<std::optional<Placed>> operands{result};
  for (size_t i : program.sources)
    operands.emplace_back(Placed{context.inputs[i].value(), problem.inputs[i]->layout});
  loop_.emplace(*program.program, operands, std::span(&result, 1));
  operands_.resize(operands.size());
}

void EpilogueLoop::begin(const Call& call) {
  if (!loop_) return;
  result_ = call.outputs[0];
  operands_[0] = result_;
  for (size_t i = 0; i < program_.sources.size(); ++i)
    operands_[i + 1] = call.inputs[program_.sources[i]];
}

}  // namespace cermet::cpu
