#include "precision/marks.h"

#include <algorithm>
#include <array>

#include "ops/math/scalar_expression.h"
#include "precision/narrow_numbers.h"

namespace cermet {
namespace {

bool is_narrow_float(ElementType type) {
  return type == ElementType::float16 || type == ElementType::bfloat16;
}

bool is_large_integer(ElementType type) { return is_integer(type) && bit_width(type) >= 32; }

// Whether it is more than an input or a constant whose elements were moved.
bool is_computed(const Graph& graph, ValueId value) {
  static constexpr std::array<std::string_view, 6> moving{"Transpose", "Reshape", "Identity",
                                                          "Unsqueeze", "Squeeze", "Flatten"};
  const Node* producer = graph.producer(value);
  while (producer != nullptr && producer->domain.empty() &&
         std::find(moving.begin(), moving.end(), producer->op) != moving.end())
    producer = graph.producer(producer->inputs[0]);
  return producer != nullptr;
}

// Whether the operand repeats into the result, whatever the symbols are.
bool repeats_into(const ValueType& operand, const ValueType& result) {
  if (!operand.has_rank() || !result.has_rank() || operand.rank() > result.rank()) return false;
  const int shift = result.rank() - operand.rank();
  for (int d = 0; d < operand.rank(); ++d) {
    const Dim& size = (*operand.dims)[d];
    if (!size.is_constant(1) && !(size == (*result.dims)[d + shift])) return false;
  }
  return true;
}

}  // namespace

std::optional<ScalarExpr> expression_of(const Graph& graph, const Node& node) {
  if (node.is("Pointwise", "cermet")) return node.expression;
  if (!node.domain.empty() || node.epilogue || node.inputs.empty() || node.outputs.size() != 1 ||
      node.is("QuantizeLinear") || node.is("DequantizeLinear") || node.is("Identity"))
    return std::nullopt;
  std::vector<ElementType> types;
  for (ValueId input : node.inputs) {
    types.push_back(input == no_value ? ElementType::undefined : graph.type(input).element);
    if (input != no_value && !repeats_into(graph.type(input), graph.type(node.outputs[0])))
      return std::nullopt;
  }
  return scalar_expression(node.op, node.attributes, types);
}

PrecisionMarks::PrecisionMarks(const Graph& graph)
    : graph_(graph),
      real_(graph.value_count(), false),
      pinned_(graph.value_count(), false),
      counts_(graph.value_count(), false),
      statistics_(graph.value_count(), false),
      wanted_(graph.value_count(), false) {
  for (size_t id = 0; id < real_.size(); ++id) {
    const ValueType& type = graph.type(static_cast<ValueId>(id));
    real_[id] = type.is_tensor() && type.element == ElementType::float32;
  }
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) mark_forward(graph.node(id));
  for (size_t i = order.size(); i-- > 0;) mark_wanted(graph.node(order[i]));
}

bool PrecisionMarks::takes_narrow(const Node& node, size_t i) const {
  const NarrowOperator& row = narrow_operator(node.domain, node.op);
  return row.form != NarrowForm::none && is_real(node.input(i)) && (row.inputs >> i & 1U) != 0 &&
         (!node.epilogue || i < node.epilogue->first_input);
}

void PrecisionMarks::mark_forward(const Node& node) {
  const bool pinned = pins(node), count = counts(node), statistic = tells_statistics(node);
  for (ValueId output : node.outputs) {
    if (!is_real(output)) continue;
    pinned_[output] = pinned;
    counts_[output] = count;
    statistics_[output] = statistic;
  }
}

// 16 bits that come in as an input, or that weights are stored in, say nothing of how the model
// wishes to compute.
bool PrecisionMarks::pins(const Node& node) const {
  const bool elementwise = expression_of(graph_, node).has_value();
  return std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId input) {
    if (input == no_value) return false;
    if (is_pinned(input)) return true;
    return is_narrow_float(graph_.type(input).element) &&
           (!elementwise || is_computed(graph_, input));
  });
}

bool PrecisionMarks::multiplies_counts(const Node& node) const {
  if (!node.is("Einsum") && !node.is("MatMul")) return false;
  const size_t count = node.epilogue ? node.epilogue->first_input : node.inputs.size();
  if (std::none_of(node.inputs.begin(), node.inputs.begin() + static_cast<int64_t>(count),
                   [&](ValueId input) { return is_count(input); }))
    return false;
  const ValueType& left = graph_.type(node.inputs[0]);
  return node.is("Einsum") ||
         (left.has_rank() && left.rank() > 0 && left.dims->back().is_constant(1));
}

bool PrecisionMarks::counts(const Node& node) const {
  if (multiplies_counts(node)) return !node.epilogue;
  if (const auto expression = expression_of(graph_, node))
    return counts_elements(node, *expression);
  return narrow_operator(node.domain, node.op).form == NarrowForm::follows &&
         is_count(node.input(0));
}

bool PrecisionMarks::tells_statistics(const Node& node) const {
  const NarrowForm form = narrow_operator(node.domain, node.op).form;
  if (form == NarrowForm::reduces) return true;
  if (form == NarrowForm::follows) return is_statistic(node.input(0));
  if (form == NarrowForm::product || !expression_of(graph_, node)) return false;
  bool any = false;
  for (ValueId input : node.inputs) {
    if (input == no_value || graph_.value(input).constant) continue;
    if (!is_statistic(input)) return false;
    any = true;
  }
  return any;
}

// Of counts and numbers that are known alone, and no wave, which makes small numbers of large ones.
bool PrecisionMarks::counts_elements(const Node& node, const ScalarExpr& expression) const {
  bool any = false;
  for (ValueId input : node.inputs) {
    if (input == no_value || graph_.value(input).constant) continue;
    if (!is_count(input) && !is_large_integer(graph_.type(input).element)) return false;
    any = true;
  }
  return any && !has_waves(expression);
}

// What a body wants of the values that it captures.
void PrecisionMarks::mark_wanted_by_bodies(const Node& node) {
  const size_t shift = node.is("If") ? 1 : 0;
  const size_t own =
      node.is("If")
          ? 1
          : node.inputs.size() - static_cast<size_t>(node.attributes.integer("captured", 0));
  for (const Graph& body : node.subgraphs) {
    const PrecisionMarks inner(body);
    for (size_t i = own; i < node.inputs.size(); ++i)
      if (is_real(node.inputs[i]) && inner.is_wanted(body.inputs()[i - shift]))
        wanted_[node.inputs[i]] = true;
  }
}

void PrecisionMarks::mark_wanted(const Node& node) {
  if (!node.subgraphs.empty()) return mark_wanted_by_bodies(node);
  const bool wanted = std::any_of(node.outputs.begin(), node.outputs.end(),
                                  [&](ValueId output) { return is_wanted(output); });
  const NarrowForm form = narrow_operator(node.domain, node.op).form;
  const bool takes = form == NarrowForm::product || (form == NarrowForm::follows && wanted);
  for (size_t i = 0; i < node.inputs.size() && takes; ++i)
    if (takes_narrow(node, i)) wanted_[node.inputs[i]] = true;
  if (!wanted) return;
  size_t first = node.inputs.size();  // of the operands of an expression
  if (node.epilogue) {
    if (!has_waves(node.epilogue->expression)) first = node.epilogue->first_input;
  } else if (form == NarrowForm::none) {
    const auto expression = expression_of(graph_, node);
    if (expression && !has_waves(*expression)) first = 0;
  }
  for (size_t i = first; i < node.inputs.size(); ++i)
    if (is_real(node.inputs[i])) wanted_[node.inputs[i]] = true;
}

}  // namespace cermet
