#include "tactics/cut_step.h"

namespace cermet {
namespace {

ElementType type_between(const CutExpression& cut) {
  for (const ScalarNode& node : cut.tail.nodes())
    if (node.op == ScalarOp::input && node.index == 0) return node.type;
  return ElementType::undefined;
}

// Operand i of a part is the step's input epilogue_first + operands[i - 1] - 1.
void append_operands(const Step& step, const std::vector<int>& operands, Step& part) {
  for (const int operand : operands) {
    const size_t input = step.problem.epilogue_first + static_cast<size_t>(operand) - 1;
    part.inputs.push_back(step.inputs[input]);
    part.problem.inputs.push_back(step.problem.inputs[input]);
  }
}

Step head_of(const Step& step, const CutExpression& cut) {
  Step head = step;
  head.inputs.resize(step.problem.epilogue_first);
  head.problem.inputs.resize(step.problem.epilogue_first);
  head.problem.expression = cut.head;
  if (cut.head.empty()) head.problem.epilogue_first = 0;
  append_operands(step, cut.head_operands, head);
  return head;
}

Step rest_of(const Step& step, const CutExpression& cut) {
  Step rest;
  rest.name = step.name + ".epilogue";
  rest.origin = step.origin;
  rest.place = step.place;
  rest.problem.kind = ProblemKind::pointwise;
  rest.problem.domain = "cermet";
  rest.problem.op = "Pointwise";
  rest.problem.expression = cut.tail;
  rest.outputs = {step.outputs[0]};
  rest.problem.outputs = {step.problem.outputs[0]};
  return rest;
}

}  // namespace

CutStep cut_step(Plan& plan, const Step& step, const CutExpression& cut) {
  CutStep parts{head_of(step, cut), rest_of(step, cut)};
  const Buffer& result = plan.buffers[step.outputs[0]];
  Buffer between;
  between.name = result.name + ".before_epilogue";
  between.type = result.type;
  between.type.element = type_between(cut);
  between.layout = step.problem.outputs[0]->layout;
  between.place = step.place;
  plan.buffers.push_back(between);
  parts.head.outputs[0] = static_cast<BufferId>(plan.buffers.size() - 1);
  parts.head.problem.outputs[0] = Operand{between.type, between.layout, false};
  parts.rest.inputs = {parts.head.outputs[0]};
  parts.rest.problem.inputs = {parts.head.problem.outputs[0]};
  append_operands(step, cut.tail_operands, parts.rest);
  return parts;
}

}  // namespace cermet
