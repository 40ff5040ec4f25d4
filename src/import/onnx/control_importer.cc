// If, Loop and SequenceMap: their bodies become closed graphs.
#include <algorithm>

#include "import/onnx/control_nodes.h"
#include "import/onnx/node_importer.h"
#include "ops/infer_control.h"

namespace cermet::onnx {
namespace {

constexpr int max_depth = 64;

// Sizes that nothing outside a body defines become ones that the body's input defines.
ValueType defined_here(Graph& graph, ValueType type) {
  if (!type.has_rank()) return type;
  for (Dim& dim : *type.dims)
    if (!dim.is_constant()) dim = graph.new_symbol("declared");
  return type;
}

// A body may take an optional and always give a value: then its result becomes an optional too.
bool wrap_optional(Graph& body, const ValueType& place, size_t result) {
  const ValueId given = body.outputs()[result];
  if (place.kind != Value::Kind::optional || body.type(given).kind == Value::Kind::optional)
    return false;
  GraphBuilder builder(body, {});
  body.set_output(result, builder.add("Optional", {given}));
  return true;
}

}  // namespace

NodeImporter::Body NodeImporter::import_closed(const OnnxGraph& from,
                                               const std::vector<ValueType>& types,
                                               const std::vector<std::string>& captures,
                                               const Scope& outer) {
  require(outer.depth < max_depth, ErrorCode::invalid_model, "graphs nest deeper than {}",
          max_depth);
  require(from.inputs.size() == types.size(), ErrorCode::invalid_model,
          "the body '{}' takes {} values, the node hands it {}", from.name, from.inputs.size(),
          types.size());
  Body body;
  body.graph.name = from.name;
  body.graph.share_symbols(*outer.graph);
  Scope scope;
  scope.graph = &body.graph;
  scope.opsets = outer.opsets;
  scope.prefix = outer.prefix;
  scope.call_attributes = outer.call_attributes;
  scope.depth = outer.depth + 1;
  for (size_t i = 0; i < types.size(); ++i) {
    ValueType type = types[i];
    if (type.is_tensor() && type.element == ElementType::undefined && from.inputs[i].type)
      type = defined_here(body.graph, *from.inputs[i].type);
    scope.values[from.inputs[i].name] = body.graph.add_input(from.inputs[i].name, type);
  }
  body.captured = capture(captures, outer, scope);
  import_body(from, scope);
  return body;
}

NodeImporter::Body NodeImporter::import_stable(const OnnxGraph& from, std::vector<ValueType> types,
                                               size_t first_state, size_t states,
                                               size_t first_result, const Scope& outer) {
  // Each round can only make types more general: sizes become symbols, then ranks unknown.
  for (int round = 0;; ++round) {
    Body body = import_closed(from, types, free_names(from), outer);
    require(body.graph.outputs().size() >= first_result + states, ErrorCode::invalid_model,
            "the body '{}' gives {} values, at least {} are carried", from.name,
            body.graph.outputs().size(), first_result + states);
    bool stable = true;
    for (size_t i = 0; i < states; ++i) {
      const ValueType before = body.graph.type(body.graph.inputs()[first_state + i]);
      body.wrapped.push_back(wrap_optional(body.graph, before, first_result + i));
      const ValueType after = body.graph.type(body.graph.outputs()[first_result + i]);
      if (after.is_tensor() && after.element == ElementType::undefined) continue;
      ValueType common = common_type(body.graph, before, after);
      if (common == before) continue;
      if (round > 2) common = ValueType::tensor(common.element, std::nullopt);
      stable = stable && common == before;
      types[first_state + i] = std::move(common);
    }
    if (stable) return body;
    require(round < 8, ErrorCode::internal, "the types of the body '{}' do not settle", from.name);
  }
}

std::vector<ValueId> NodeImporter::import_if(const OnnxNode& node, GraphBuilder& builder,
                                             Scope& scope) {
  std::vector<ValueId> inputs = resolve(node.inputs, scope);
  require(inputs.size() == 1, ErrorCode::invalid_model, "If takes one condition, got {} inputs",
          inputs.size());
  const OnnxGraph& yes = body_of(node, "then_branch");
  const OnnxGraph& no = body_of(node, "else_branch");
  // The branch that is never taken may not even be legal for the sizes at hand.
  if (const auto taken = known_condition(scope.graph->value(inputs[0])))
    return import_inline(*taken ? yes : no, {}, builder.origin().nodes.front(), scope);
  std::vector<std::string> names = free_names(yes);
  for (std::string& name : free_names(no))
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  Body yes_body = import_closed(yes, {}, names, scope);
  Body no_body = import_closed(no, {}, names, scope);
  require_results(yes_body.graph, node.outputs.size(), "If");
  require_results(no_body.graph, node.outputs.size(), "If");
  inputs.insert(inputs.end(), yes_body.captured.begin(), yes_body.captured.end());
  std::vector<Graph> bodies;
  bodies.push_back(std::move(yes_body.graph));
  bodies.push_back(std::move(no_body.graph));
  return add_control(builder, "If", std::move(inputs), std::move(bodies), {}, node.outputs.size());
}

std::vector<ValueId> NodeImporter::import_loop(const OnnxNode& node, GraphBuilder& builder,
                                               Scope& scope) {
  std::vector<ValueId> inputs = resolve(node.inputs, scope);
  const OnnxGraph& from = body_of(node, "body");
  require(from.inputs.size() >= 2, ErrorCode::invalid_model,
          "the body of Loop takes {} values, expected at least iteration and condition",
          from.inputs.size());
  inputs.resize(std::max<size_t>(2, node.inputs.size()), no_value);
  std::vector<ValueType> types{ValueType::tensor(ElementType::int64, Dims{}),
                               ValueType::tensor(ElementType::boolean, Dims{})};
  for (size_t i = 2; i < inputs.size(); ++i) {
    require(inputs[i] != no_value, ErrorCode::invalid_model, "carried value {} is absent", i - 2);
    types.push_back(scope.graph->type(inputs[i]));
  }
  const size_t states = inputs.size() - 2;
  Body body = import_stable(from, std::move(types), 2, states, 1, scope);
  require_results(body.graph, node.outputs.size() + 1, "Loop");
  inputs.insert(inputs.end(), body.captured.begin(), body.captured.end());
  Attributes attributes = with_captured({}, body.captured.size());
  std::vector<Graph> bodies;
  bodies.push_back(std::move(body.graph));
  std::vector<ValueId> results = add_control(builder, "Loop", std::move(inputs), std::move(bodies),
                                             std::move(attributes), node.outputs.size());
  for (size_t i = 0; i < states; ++i)
    if (body.wrapped[i]) results[i] = builder.add("OptionalGetElement", {results[i]});
  return results;
}

// A Loop over the elements of its sequences that appends each result to sequences which start
// empty; tensors among the inputs are the same for every element.
std::vector<ValueId> NodeImporter::import_sequence_map(const OnnxNode& node, GraphBuilder& builder,
                                                       Scope& scope) {
  const std::vector<ValueId> given = resolve(node.inputs, scope);
  const OnnxGraph& from = body_of(node, "body");
  require(!given.empty() && given.size() == from.inputs.size(), ErrorCode::invalid_model,
          "SequenceMap has {} inputs, its body takes {}", given.size(), from.inputs.size());
  require(from.outputs.size() == node.outputs.size(), ErrorCode::invalid_model,
          "SequenceMap has {} outputs, its body gives {}", node.outputs.size(),
          from.outputs.size());
  Graph body;
  body.name = from.name;
  body.share_symbols(*scope.graph);
  Scope inner;
  inner.graph = &body;
  inner.opsets = scope.opsets;
  inner.prefix = scope.prefix;
  inner.depth = scope.depth + 1;
  GraphBuilder inside(body, builder.origin());
  const ValueId iteration =
      body.add_input("iteration", ValueType::tensor(ElementType::int64, Dims{}));
  const ValueId keep = body.add_input("keep", ValueType::tensor(ElementType::boolean, Dims{}));

  std::vector<ValueId> inputs{builder.add("SequenceLength", {given[0]}), no_value};
  std::vector<ValueId> states;
  for (const OnnxValueInfo& output : from.outputs) {
    const ElementType element = output.type ? output.type->element : ElementType::float32;
    Attributes dtype;
    dtype.set("dtype", static_cast<int64_t>(element));
    inputs.push_back(builder.add("SequenceEmpty", {}, dtype));
    states.push_back(body.add_input(output.name + ".so_far",
                                    ValueType::sequence(ValueType::tensor(element, std::nullopt))));
  }
  for (size_t i = 0; i < given.size(); ++i) {
    const ValueId whole =
        body.add_input(from.inputs[i].name + ".whole", scope.graph->type(given[i]));
    inputs.push_back(given[i]);
    inner.values[from.inputs[i].name] = body.type(whole).kind == Value::Kind::sequence
                                            ? inside.add("SequenceAt", {whole, iteration})
                                            : whole;
  }
  const std::vector<ValueId> captured = capture(free_names(from), scope, inner);
  inputs.insert(inputs.end(), captured.begin(), captured.end());

  import_body(from, inner);
  const std::vector<ValueId> results = body.outputs();
  body.clear_outputs();
  body.add_output(keep);
  for (size_t i = 0; i < results.size(); ++i)
    body.add_output(inside.add("SequenceInsert", {states[i], results[i]}));
  std::vector<Graph> bodies;
  bodies.push_back(std::move(body));
  return add_control(builder, "Loop", std::move(inputs), std::move(bodies),
                     with_captured({}, given.size() + captured.size()), node.outputs.size());
}

}  // namespace cermet::onnx
