// If, Loop, Scan and SequenceMap: their bodies become closed graphs.
#include <algorithm>

#include "import/onnx/node_importer.h"
#include "ops/infer_control.h"

namespace cermet::onnx {
namespace {

constexpr int max_depth = 64;

// A node is done when its outputs are; names and origin come from the builder.
std::vector<ValueId> add_control(GraphBuilder& builder, std::string_view op,
                                 std::vector<ValueId> inputs, std::vector<Graph> bodies,
                                 Attributes attributes, size_t outputs) {
  Node node;
  node.op = op;
  node.name = builder.origin().nodes.front();
  node.inputs = std::move(inputs);
  node.subgraphs = std::move(bodies);
  node.attributes = std::move(attributes);
  return builder.add_node(std::move(node), outputs);
}

Attributes with_captured(Attributes attributes, size_t captured) {
  attributes.set("captured", static_cast<int64_t>(captured));
  return attributes;
}

void require_results(const Graph& body, size_t expected, std::string_view op) {
  require(body.outputs().size() == expected, ErrorCode::invalid_model,
          "the body of {} gives {} values, expected {}", op, body.outputs().size(), expected);
}

// The type of one slice of a scanned tensor.
ValueType slice_type(const ValueType& type, int64_t axis) {
  if (!type.has_rank()) return ValueType::tensor(type.element, std::nullopt);
  Dims dims = *type.dims;
  const int64_t rank = static_cast<int64_t>(dims.size());
  if (axis < 0) axis += rank;
  require(axis >= 0 && axis < rank, ErrorCode::invalid_model,
          "scan input axis {} is outside rank {}", axis, rank);
  dims.erase(dims.begin() + axis);
  return ValueType::tensor(type.element, std::move(dims));
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
      type = *from.inputs[i].type;
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
      const ValueType& before = body.graph.type(body.graph.inputs()[first_state + i]);
      const ValueType& after = body.graph.type(body.graph.outputs()[first_result + i]);
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
  return add_control(builder, "Loop", std::move(inputs), std::move(bodies), std::move(attributes),
                     node.outputs.size());
}

std::vector<ValueId> NodeImporter::import_scan(const OnnxNode& node, GraphBuilder& builder,
                                               Scope& scope) {
  const auto opset = scope.opsets->find("");
  require(opset == scope.opsets->end() || opset->second >= 9, ErrorCode::unsupported,
          "Scan of opset 8 (with a batch dimension) is not supported; export for opset 9 or newer");
  std::vector<ValueId> inputs = resolve(node.inputs, scope);
  const Attributes attributes = attributes_of(node, scope);
  const int64_t scanned = attributes.integer("num_scan_inputs");
  require(scanned >= 1 && scanned <= static_cast<int64_t>(inputs.size()), ErrorCode::invalid_model,
          "num_scan_inputs is {}, with {} inputs", scanned, inputs.size());
  const size_t states = inputs.size() - scanned;
  const auto axes = attributes.integers("scan_input_axes", std::vector<int64_t>(scanned, 0));
  require(static_cast<int64_t>(axes.size()) == scanned, ErrorCode::invalid_model,
          "scan_input_axes has {} entries for {} scanned inputs", axes.size(), scanned);
  std::vector<ValueType> types;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const ValueType& type = scope.graph->type(inputs[i]);
    types.push_back(i < states ? type : slice_type(type, axes[i - states]));
  }
  Body body = import_stable(body_of(node, "body"), std::move(types), 0, states, 0, scope);
  require_results(body.graph, node.outputs.size(), "Scan");
  inputs.insert(inputs.end(), body.captured.begin(), body.captured.end());
  std::vector<Graph> bodies;
  const size_t captured = body.captured.size();
  bodies.push_back(std::move(body.graph));
  return add_control(builder, "Scan", std::move(inputs), std::move(bodies),
                     with_captured(attributes, captured), node.outputs.size());
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
