#include "passes/symbols.h"

#include "ops/infer_control.h"

namespace cermet {
namespace {

void substitute(Dims& dims, const Substitution& values) {
  for (Dim& dim : dims) dim = dim.substitute(values);
}

ValueType substituted(ValueType type, const Substitution& values) {
  if (type.dims) substitute(*type.dims, values);
  if (type.inner) type.inner = std::make_shared<const ValueType>(substituted(*type.inner, values));
  return type;
}

// What an input of a body is in the node's own graph.
struct Place {
  ValueType given;
  ValueId result = no_value;  // of the body: what a carried value becomes
};

ValueType slice_of(ValueType type, int64_t axis) {
  if (!type.has_rank()) return type;
  type.dims->erase(type.dims->begin() + (axis < 0 ? axis + type.rank() : axis));
  return type;
}

// Nothing for the iteration and the condition of a Loop.
std::optional<Place> place_of(const Graph& graph, const Node& node, const Graph& body, size_t i) {
  if (node.op == "If") return Place{graph.type(node.inputs[i + 1])};
  const LoopShape shape = LoopShape::of(node);
  const size_t first = node.op == "Loop" ? 2 : 0, first_result = node.op == "Loop" ? 1 : 0;
  if (i < first) return std::nullopt;
  const ValueType& type = graph.type(node.inputs[i]);
  if (i < first + shape.states) return Place{type, body.outputs()[first_result + i - first]};
  if (i >= shape.states + shape.scan_inputs || node.op == "Loop") return Place{type};
  const auto axes =
      node.attributes.integers("scan_input_axes", std::vector<int64_t>(shape.scan_inputs, 0));
  return Place{slice_of(type, axes.at(i - shape.states))};
}

// A carried value keeps its first size where the body gives back the same.
bool keeps_size(const Graph& body, ValueId result, size_t d, const Dim& dim) {
  if (result == no_value) return true;
  const ValueType& type = body.type(result);
  return type.has_rank() && d < type.dims->size() && (*type.dims)[d] == dim;
}

void fit(const Graph& body, const ValueType& type, const Place& place, Substitution& values) {
  if (!type.has_rank() || !place.given.has_rank() || type.rank() != place.given.rank()) return;
  for (size_t d = 0; d < type.dims->size(); ++d) {
    const Dim &inside = (*type.dims)[d], &outside = (*place.given.dims)[d];
    if (inside == outside || !is_data_symbol(inside)) continue;
    if (!keeps_size(body, place.result, d, inside)) continue;
    const auto [entry, fresh] = values.emplace(*inside.as_symbol(), outside);
    if (!fresh && outside.is_constant()) entry->second = outside;
  }
}

}  // namespace

bool is_data_symbol(const Dim& dim) {
  const auto symbol = dim.as_symbol();
  return symbol && symbol->starts_with(data_symbol_prefix);
}

void substitute_in(Graph& graph, const Substitution& values) {
  for (size_t i = 0; i < graph.value_count(); ++i) {
    GraphValue& value = graph.value(static_cast<ValueId>(i));
    value.type = substituted(std::move(value.type), values);
    if (value.contents) substitute(*value.contents, values);
  }
  for (NodeId id : graph.order())
    for (Graph& body : graph.node(id).subgraphs) substitute_in(body, values);
}

bool may_replace(const ValueType& before, const ValueType& after) {
  if (before.kind != after.kind || before.element != after.element) return false;
  if (!before.has_rank() || !after.has_rank()) return true;
  if (before.rank() != after.rank()) return false;
  for (int d = 0; d < before.rank(); ++d) {
    const Dim &old_dim = (*before.dims)[d], &new_dim = (*after.dims)[d];
    if (!(old_dim == new_dim) && old_dim.is_constant() && new_dim.is_constant()) return false;
  }
  return true;
}

void fit_bodies(const Graph& graph, Node& node) {
  for (Graph& body : node.subgraphs) {
    Substitution values;
    for (size_t i = 0; i < body.inputs().size(); ++i)
      if (const auto place = place_of(graph, node, body, i))
        fit(body, body.type(body.inputs()[i]), *place, values);
    if (!values.empty()) substitute_in(body, values);
  }
}

}  // namespace cermet
