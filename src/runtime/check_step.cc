#include "runtime/check_step.h"

#include <algorithm>

#include "base/error.h"
#include "ops/operator.ref.h"

namespace cermet {
namespace {

// Packed constants hold nothing that inference could read.
std::optional<ConstTensorView> contents_of(const Plan& plan, BufferId id, ElementType type,
                                           const Shape& shape) {
  const Buffer& buffer = plan.buffer(id);
  if (buffer.storage != Storage::constant) return std::nullopt;
  const PlanConstant& constant = plan.constants[buffer.constant];
  if (!constant.form.empty() || constant.tensor.type() != type || constant.tensor.shape() != shape)
    return std::nullopt;
  return constant.tensor.view();
}

std::vector<std::optional<InferContext::Input>> inference_inputs(const Plan& plan, const Step& step,
                                                                 const BindContext& context) {
  const Problem& problem = step.problem;
  const size_t count = problem.has_epilogue() ? problem.epilogue_first : step.inputs.size();
  std::vector<std::optional<InferContext::Input>> inputs(count);
  for (size_t i = 0; i < count; ++i) {
    if (!context.inputs[i]) continue;
    const ElementType type = problem.inputs[i]->type.element;
    const Shape& shape = *context.inputs[i];
    inputs[i] = InferContext::Input{ValueType::tensor(type, to_dims(shape)),
                                    contents_of(plan, step.inputs[i], type, shape), std::nullopt};
  }
  return inputs;
}

void expect_shape(size_t output, const Dims& expected, const Shape& got) {
  bool same = expected.size() == got.size();
  for (size_t d = 0; same && d < got.size(); ++d)
    same = !expected[d].is_constant() || expected[d].is_constant(got[d]);
  require(same, ErrorCode::invalid_engine, "output {}: expected shape {}, got {}", output,
          to_string(expected), to_string(got));
}

void expect_type(size_t output, ElementType expected, ElementType got) {
  require(expected == got, ErrorCode::invalid_engine, "output {}: expected elements of {}, got {}",
          output, name(expected), name(got));
}

void check_operator(const Plan& plan, const Step& step, const BindContext& context) {
  const Problem& problem = step.problem;
  const Operator* op = find_operator(problem.domain, problem.op);
  require(op != nullptr, ErrorCode::invalid_engine, "this release has no operator {}", problem.op);
  int symbols = 0;
  InferContext infer(problem.op, problem.attributes, inference_inputs(plan, step, context),
                     step.outputs.size(), [&symbols](std::string_view hint) {
                       return Dim::symbol(fmt::format("{}.{}", hint, symbols++));
                     });
  op->infer(infer);
  for (size_t i = 0; i < step.outputs.size(); ++i) {
    if (!context.outputs[i]) continue;
    const ValueType& type = infer.outputs()[i].type;
    if (type.has_rank()) expect_shape(i, *type.dims, *context.outputs[i]);
    const bool has_epilogue = i == 0 && problem.has_epilogue();
    expect_type(i, has_epilogue ? problem.expression.result_type() : type.element,
                problem.outputs[i]->type.element);
  }
}

// Operands of the expression: all inputs, or the result and those of the epilogue.
void check_expression(const Problem& problem, const BindContext& context) {
  const bool pointwise = problem.kind == ProblemKind::pointwise;
  const size_t first = pointwise ? 0 : problem.epilogue_first;
  Dims shape = pointwise ? Dims{} : to_dims(*context.outputs[0]);
  for (size_t i = first; i < problem.inputs.size(); ++i)
    if (context.inputs[i]) shape = broadcast_dims(shape, to_dims(*context.inputs[i]));
  for (size_t i = 0; i < problem.outputs.size(); ++i) {
    if (!context.outputs[i] || (i > 0 && !pointwise)) continue;
    expect_shape(i, shape, *context.outputs[i]);
    if (pointwise)
      expect_type(i, problem.expression.result_type(i), problem.outputs[i]->type.element);
  }
  for (const ScalarNode& node : problem.expression.nodes()) {
    if (node.op != ScalarOp::input || (!pointwise && node.index == 0)) continue;
    const size_t i = pointwise ? node.index : first + node.index - 1;
    require(i < problem.inputs.size() && problem.inputs[i] &&
                problem.inputs[i]->type.element == node.type,
            ErrorCode::invalid_engine, "expression: operand {}: expected elements of {}",
            node.index, name(node.type));
  }
}

}  // namespace

void check_step(const Plan& plan, const Step& step, const BindContext& context) {
  const Problem& problem = step.problem;
  if (problem.kind == ProblemKind::custom) return;
  if (problem.kind != ProblemKind::pointwise) check_operator(plan, step, context);
  if (!problem.expression.empty()) {
    require(!context.outputs.empty() && context.outputs[0], ErrorCode::invalid_engine,
            "expected a first output");
    check_expression(problem, context);
  }
}

void check_part(const Plan& plan, BufferId id, const Shape& shape, const Shape& within,
                int64_t offset) {
  const Buffer& part = plan.buffer(id);
  const Buffer& whole = plan.buffer(part.alias);
  const size_t bytes = byte_size(part.type.element, shape, part.layout);
  const size_t there = byte_size(whole.type.element, within, whole.layout);
  const bool fits =
      static_cast<uint64_t>(offset) <= there && bytes <= there - static_cast<size_t>(offset);
  if (offset < 0 || (!fits && bytes != 0))  // of nothing nothing is read
    fail(ErrorCode::invalid_engine,
         "'{}' of shape {}: expected to lie in the {} bytes of '{}', got {} bytes from byte {} on",
         part.name, to_string(shape), there, whole.name, bytes, offset);
  const int bits = bit_width(part.type.element);
  require(offset * 8 % std::max(bits, 1) == 0, ErrorCode::invalid_engine,
          "'{}': begins at byte {}, amid an element of {} bits", part.name, offset, bits);
}

}  // namespace cermet
