#include "ops/infer_control.h"

#include <set>

#include "base/error.h"
#include "base/scalar.h"

namespace cermet {
namespace {

std::set<std::string> outer_symbols(const Graph& graph, const Node& node) {
  std::set<std::string> symbols;
  for (ValueId input : node.inputs) {
    if (input == no_value) continue;
    const GraphValue& value = graph.value(input);
    if (value.type.dims)
      for (const Dim& dim : *value.type.dims) dim.collect_symbols(symbols);
    if (value.contents)
      for (const Dim& dim : *value.contents) dim.collect_symbols(symbols);
  }
  return symbols;
}

// A size that a body's own steps define means nothing outside: it becomes a symbol of the node.
ValueType seen_from_outside(Graph& graph, ValueType type, const std::set<std::string>& outer) {
  if (type.inner)
    type.inner = std::make_shared<const ValueType>(seen_from_outside(graph, *type.inner, outer));
  if (!type.dims) return type;
  for (Dim& dim : *type.dims) {
    std::set<std::string> symbols;
    dim.collect_data_symbols(symbols);
    for (const std::string& symbol : symbols) {
      if (outer.contains(symbol)) continue;
      dim = graph.new_symbol("inner");
      break;
    }
  }
  return type;
}

std::vector<InferContext::Output> infer_if(Graph& graph, const Node& node) {
  const auto outer = outer_symbols(graph, node);
  const Graph& yes = node.subgraphs[0];
  const Graph& no = node.subgraphs[1];
  std::vector<InferContext::Output> outputs;
  for (size_t i = 0; i < yes.outputs().size(); ++i) {
    const ValueType type = common_type(graph, yes.type(yes.outputs()[i]), no.type(no.outputs()[i]));
    outputs.push_back({seen_from_outside(graph, type, outer), std::nullopt});
  }
  return outputs;
}

// Scan outputs gain a dimension that counts iterations.
ValueType stacked(const ValueType& type, const Dim& iterations, int64_t axis) {
  if (!type.has_rank()) return type;
  Dims dims = *type.dims;
  const int64_t rank = static_cast<int64_t>(dims.size()) + 1;
  if (axis < 0) axis += rank;
  if (axis < 0 || axis >= rank)
    fail(ErrorCode::invalid_model, "scan output axis {} is outside its rank {}", axis, rank);
  dims.insert(dims.begin() + axis, iterations);
  return ValueType::tensor(type.element, std::move(dims));
}

Dim iterations_of(Graph& graph, const Node& node, const LoopShape& shape) {
  if (node.op == "Loop") return graph.new_symbol("trip");
  const auto axes =
      node.attributes.integers("scan_input_axes", std::vector<int64_t>(shape.scan_inputs, 0));
  const ValueType& type = graph.type(node.inputs[shape.states]);
  if (!type.has_rank()) return graph.new_symbol("trip");
  const int64_t axis = axes.at(0) < 0 ? axes[0] + type.rank() : axes[0];
  return type.dims->at(axis);
}

std::vector<InferContext::Output> infer_loop(Graph& graph, const Node& node) {
  const auto outer = outer_symbols(graph, node);
  const LoopShape shape = LoopShape::of(node);
  const Graph& body = node.subgraphs[0];
  const size_t first = node.op == "Loop" ? 1 : 0;  // the condition is no result
  const Dim iterations = shape.scan_outputs ? iterations_of(graph, node, shape) : Dim(0);
  const auto axes =
      node.attributes.integers("scan_output_axes", std::vector<int64_t>(shape.scan_outputs, 0));
  std::vector<InferContext::Output> outputs;
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    ValueType type = seen_from_outside(graph, body.type(body.outputs()[first + i]), outer);
    // A state keeps the type of its place in the body, which holds for no iteration at all too.
    if (i < shape.states) {
      const ValueId place = body.inputs()[(node.op == "Loop" ? 2 : 0) + i];
      type = seen_from_outside(graph, body.type(place), outer);
    } else {
      type = stacked(type, iterations, axes.at(i - shape.states));
    }
    outputs.push_back({std::move(type), std::nullopt});
  }
  return outputs;
}

}  // namespace

std::optional<bool> known_condition(const GraphValue& condition) {
  if (condition.constant && condition.constant->tensor.elements() == 1)
    return load_element<uint64_t>(condition.constant->tensor.view(), 0) != 0;
  if (condition.contents && condition.contents->size() == 1 &&
      condition.contents->front().is_constant())
    return condition.contents->front().constant() != 0;
  return std::nullopt;
}

LoopShape LoopShape::of(const Node& node) {
  LoopShape shape;
  shape.captured = node.attributes.integer("captured", 0);
  if (node.op == "Scan") {
    shape.scan_inputs = node.attributes.integer("num_scan_inputs");
    shape.states = node.inputs.size() - shape.scan_inputs - shape.captured;
  } else {
    shape.states = node.inputs.size() - 2 - shape.captured;
  }
  shape.scan_outputs = node.outputs.size() - shape.states;
  return shape;
}

ValueType common_type(Graph& graph, const ValueType& a, const ValueType& b) {
  if (a == b) return a;
  if (a.kind != b.kind)
    fail(ErrorCode::invalid_model, "the types {} and {} have nothing in common", a.to_string(),
         b.to_string());
  if (!a.is_tensor()) {
    ValueType inner = common_type(graph, *a.inner, *b.inner);
    return a.kind == Value::Kind::sequence ? ValueType::sequence(std::move(inner))
                                           : ValueType::optional(std::move(inner));
  }
  if (a.element != b.element && a.element != ElementType::undefined &&
      b.element != ElementType::undefined)
    fail(ErrorCode::invalid_model, "the types {} and {} have different elements", a.to_string(),
         b.to_string());
  const ElementType element = a.element == ElementType::undefined ? b.element : a.element;
  if (!a.has_rank() || !b.has_rank() || a.rank() != b.rank())
    return ValueType::tensor(element, std::nullopt);
  Dims dims = *a.dims;
  for (size_t i = 0; i < dims.size(); ++i)
    if (!(dims[i] == (*b.dims)[i])) dims[i] = graph.new_symbol("either");
  return ValueType::tensor(element, std::move(dims));
}

std::vector<InferContext::Output> infer_control(const Graph& graph, const Node& node) {
  auto& symbols = const_cast<Graph&>(graph);  // draws from the model's shared counter only
  return node.op == "If" ? infer_if(symbols, node) : infer_loop(symbols, node);
}

}  // namespace cermet
