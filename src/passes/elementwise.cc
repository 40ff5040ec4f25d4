#include "passes/elementwise.h"

#include "base/error.h"
#include "ops/math/scalar_expression.h"

namespace cermet {
namespace {

// Scales and zero points follow an axis of their own unless there is one for the whole tensor.
bool quantises_by_axis(const Graph& graph, const Node& node) {
  if (node.op != "QuantizeLinear" && node.op != "DequantizeLinear") return false;
  const ValueType& scale = graph.type(node.inputs[1]);
  if (!scale.has_rank()) return true;
  return !product(*scale.dims).is_constant(1);
}

}  // namespace

std::optional<ScalarExpr> elementwise_expression(const Graph& graph, const Node& node) {
  if (node.epilogue || node.inputs.empty() || node.outputs[0] == no_value) return std::nullopt;
  if (!graph.type(node.outputs[0]).has_rank()) return std::nullopt;
  std::vector<ElementType> types;
  for (ValueId input : node.inputs) {
    types.push_back(input == no_value ? ElementType::undefined : graph.type(input).element);
    if (input != no_value && !broadcasts_into(graph.type(input), graph.type(node.outputs[0])))
      return std::nullopt;
  }
  if (node.is("Pointwise", "cermet"))
    return node.outputs.size() == 1 ? std::optional(node.expression) : std::nullopt;
  if (!node.domain.empty()) return std::nullopt;
  for (size_t i = 1; i < node.outputs.size(); ++i)
    if (node.outputs[i] != no_value) return std::nullopt;
  if (quantises_by_axis(graph, node)) return std::nullopt;
  return scalar_expression(node.op, node.attributes, types);
}

std::string why_not_elementwise(const Graph& graph, const Node& node) {
  if (!node.domain.empty() || node.epilogue || node.outputs[0] == no_value) return {};
  std::vector<ElementType> types;
  for (ValueId input : node.inputs)
    types.push_back(input == no_value ? ElementType::undefined : graph.type(input).element);
  if (!scalar_expression(node.op, node.attributes, types)) return {};
  if (quantises_by_axis(graph, node)) return fmt::format("{} has a scale for each slice", node.op);
  if (!graph.type(node.outputs[0]).has_rank()) return "the rank of the result is not known";
  for (ValueId input : node.inputs)
    if (input != no_value && !broadcasts_into(graph.type(input), graph.type(node.outputs[0])))
      return fmt::format("it is not known while building how '{}' broadcasts",
                         graph.value(input).name);
  return {};
}

std::optional<int> add_scalar(const GraphValue& value, ScalarExpr& expression) {
  const ElementType type = value.type.element;
  if (!value.constant || value.constant->tensor.elements() != 1) return std::nullopt;
  if (bit_width(type) < 8 || is_complex(type)) return std::nullopt;
  const ConstTensorView view = value.constant->tensor.view();
  if (is_floating(type)) return expression.constant(load_element<double>(view, 0), type);
  return expression.constant_integer(load_element<int64_t>(view, 0), type);
}

bool broadcasts_into(const ValueType& operand, const ValueType& result) {
  if (!operand.has_rank() || !result.has_rank() || operand.rank() > result.rank()) return false;
  const int shift = result.rank() - operand.rank();
  for (int d = 0; d < operand.rank(); ++d) {
    const Dim& size = (*operand.dims)[d];
    if (!size.is_constant(1) && !(size == (*result.dims)[d + shift])) return false;
  }
  return true;
}

}  // namespace cermet
