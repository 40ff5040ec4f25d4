#include "import/onnx/node_importer.h"

#include <algorithm>

#include "base/custom_operators.h"
#include "import/onnx/known_operators.h"

namespace cermet::onnx {
namespace {

// Functions that call functions twice each grow without measure; no model that people make comes
// near.
constexpr size_t most_nodes_of_functions = size_t{1} << 18;

std::string label(const OnnxNode& node, size_t index, const Scope& scope) {
  const std::string own = node.name.empty() ? fmt::format("{}_{}", node.op, index) : node.name;
  return scope.prefix.empty() ? own : scope.prefix + "/" + own;
}

// The node becomes one that names the plugin's operator.
void make_custom(Node& node, const CustomOperator& custom) {
  node.attributes.set(custom_domain, node.domain);
  node.attributes.set(custom_op, node.op);
  node.attributes.set(custom_version, static_cast<int64_t>(custom.version));
  node.infer = custom.infer;
  node.domain = "cermet";
  node.op = "Custom";
}

// Stands for a value that could not be made; only while problems are collected.
ValueId unknown_value(Graph& graph, const std::string& name) {
  GraphValue value;
  value.name = name;
  return graph.add_value(std::move(value));
}

}  // namespace

NodeImporter::NodeImporter(const OnnxModel& model, const ImportOptions& options)
    : model_(&model), options_(&options) {}

void NodeImporter::import_nodes(const OnnxGraph& from, Scope& scope) {
  for (const OnnxTensor& weight : from.initializers)
    scope.values[weight.name] =
        scope.graph->add_constant(weight.name, weight.tensor, Recipe{{weight.name}, {}});
  for (size_t i = 0; i < from.nodes.size(); ++i) import_node_guarded(from.nodes[i], i, scope);
}

void NodeImporter::import_body(const OnnxGraph& from, Scope& scope) {
  import_nodes(from, scope);
  for (const OnnxValueInfo& output : from.outputs) {
    const ValueId* id = scope.find(output.name);
    if (id == nullptr && options_->diagnostics) {
      options_->diagnostics->push_back(
          {"", ErrorCode::invalid_model,
           fmt::format("graph output '{}' is produced by no node", output.name)});
      continue;
    }
    require(id != nullptr, ErrorCode::invalid_model, "graph output '{}' is produced by no node",
            output.name);
    scope.graph->add_output(*id, output.name);
  }
}

void NodeImporter::import_node_guarded(const OnnxNode& node, size_t index, Scope& scope) {
  const std::string name = label(node, index, scope);
  const auto context = [&] { return fmt::format("node '{}' ({})", name, node.op); };
  if (!options_->diagnostics) {
    with_context(context, [&] { import_node(node, index, scope); });
    return;
  }
  try {
    if (!inputs_unknown(node, scope)) return import_node(node, index, scope);
    // What comes of an earlier problem is none of its own, what can be seen without types is.
    resolve(node.inputs, scope);
    if (find_function(node) == nullptr) require_known(node, scope);
  } catch (const Error& error) {
    options_->diagnostics->push_back({context(), error.code(), error.message()});
  }
  for (const std::string& output : node.outputs)
    if (!output.empty()) scope.values[output] = unknown_value(*scope.graph, output);
}

bool NodeImporter::inputs_unknown(const OnnxNode& node, const Scope& scope) const {
  for (const std::string& input : node.inputs) {
    const ValueId* id = scope.find(input);
    if (id == nullptr) continue;
    const GraphValue& value = scope.graph->value(*id);
    if (value.type.is_tensor() && value.type.element == ElementType::undefined) return true;
  }
  return false;
}

std::vector<ValueId> NodeImporter::resolve(const std::vector<std::string>& names,
                                           const Scope& scope) const {
  std::vector<ValueId> ids;
  for (const std::string& name : names) {
    if (name.empty() || scope.absent.contains(name)) {
      ids.push_back(no_value);
      continue;
    }
    const ValueId* id = scope.find(name);
    require(id != nullptr, ErrorCode::invalid_model,
            "input '{}' is neither a graph input, an initialiser nor produced by an earlier node",
            name);
    ids.push_back(*id);
  }
  while (!ids.empty() && ids.back() == no_value) ids.pop_back();
  return ids;
}

Attributes NodeImporter::attributes_of(const OnnxNode& node, const Scope& scope) const {
  Attributes attributes;
  for (const OnnxAttribute& attribute : node.attributes) {
    if (attribute.reference.empty()) {
      if (attribute.value) attributes.set(attribute.name, *attribute.value);
      continue;
    }
    if (scope.call_attributes == nullptr) continue;
    for (const OnnxAttribute& given : *scope.call_attributes)
      if (given.name == attribute.reference && given.value)
        attributes.set(attribute.name, *given.value);
  }
  return attributes;
}

void NodeImporter::bind_outputs(const OnnxNode& node, const std::vector<ValueId>& results,
                                Scope& scope) {
  require(results.size() >= node.outputs.size() ||
              std::all_of(node.outputs.begin() + results.size(), node.outputs.end(),
                          [](const std::string& name) { return name.empty(); }),
          ErrorCode::invalid_model, "the node names {} outputs, {} gives {}", node.outputs.size(),
          node.op, results.size());
  for (size_t i = 0; i < node.outputs.size() && i < results.size(); ++i) {
    const std::string& name = node.outputs[i];
    if (name.empty()) continue;
    require(!scope.values.contains(name), ErrorCode::invalid_model,
            "output '{}' is already the name of another value", name);
    require(results[i] != no_value, ErrorCode::unsupported, "{} does not give its output {} ('{}')",
            node.op, i, name);
    scope.values[name] = results[i];
    const GraphValue& value = scope.graph->value(results[i]);
    if (value.producer != no_node) scope.graph->rename(results[i], name);
  }
}

const OnnxFunction* NodeImporter::find_function(const OnnxNode& node) const {
  for (const OnnxFunction& function : model_->functions)
    if (function.domain == node.domain && function.name == node.op &&
        function.overload == node.overload)
      return &function;
  return nullptr;
}

int NodeImporter::version_of(const OnnxNode& node, const Scope& scope) {
  const auto opset = scope.opsets->find(node.domain);
  return opset == scope.opsets->end() ? 1 : opset->second;
}

std::optional<CustomOperator> NodeImporter::require_known(const OnnxNode& node,
                                                          const Scope& scope) const {
  const int version = version_of(node, scope);
  if (is_known_operator(node.domain, node.op, version)) return std::nullopt;
  auto custom = options_->claims ? options_->claims(node.domain, node.op, version) : std::nullopt;
  require(custom.has_value(), ErrorCode::unsupported,
          "Cermet has no operator {} (opset {}) and no plugin offers it.{} Load a plugin that "
          "does, or export the model without it",
          operator_name(node.domain, node.op), version, spelling_hint(node.domain, node.op));
  return custom;
}

void NodeImporter::import_node(const OnnxNode& node, size_t index, Scope& scope) {
  const std::string name = label(node, index, scope);
  if (const OnnxFunction* function = find_function(node))
    return import_call(node, *function, name, scope);
  bind_outputs(node, import_operator(node, name, scope), scope);
}

void NodeImporter::import_call(const OnnxNode& node, const OnnxFunction& function,
                               const std::string& name, Scope& scope) {
  const std::string key = operator_name(function.domain, function.name) + ":" + function.overload;
  require(active_functions_.insert(key).second, ErrorCode::invalid_model,
          "function {} calls itself", key);
  nodes_of_functions_ += function.nodes.size();
  require(nodes_of_functions_ <= most_nodes_of_functions, ErrorCode::unsupported,
          "function {}: calls of functions expand to more than {} nodes", key,
          most_nodes_of_functions);
  std::vector<OnnxAttribute> given = function.defaults;
  for (const OnnxAttribute& attribute : node.attributes) {
    given.insert(given.begin(), attribute);
    if (attribute.reference.empty() || scope.call_attributes == nullptr) continue;
    for (const OnnxAttribute& outer : *scope.call_attributes)
      if (outer.name == attribute.reference) given.front().value = outer.value;
  }
  // The first of equal names counts: what the caller gave comes before the defaults.
  std::set<std::string> seen;
  std::erase_if(given, [&](const OnnxAttribute& a) { return !seen.insert(a.name).second; });

  Scope body;
  body.graph = scope.graph;
  body.opsets = &function.opsets;
  body.prefix = name;
  body.call_attributes = &given;
  body.depth = scope.depth + 1;
  const std::vector<ValueId> inputs = resolve(node.inputs, scope);
  for (size_t i = 0; i < function.inputs.size(); ++i)
    if (i < inputs.size() && inputs[i] != no_value)
      body.values[function.inputs[i]] = inputs[i];
    else
      body.absent.insert(function.inputs[i]);
  for (size_t i = 0; i < function.nodes.size(); ++i)
    import_node_guarded(function.nodes[i], i, body);
  bind_outputs(node, resolve(function.outputs, body), scope);
  active_functions_.erase(key);
}

std::vector<ValueId> NodeImporter::import_inline(const OnnxGraph& from,
                                                 std::span<const ValueId> inputs,
                                                 const std::string& name, const Scope& outer) {
  require(from.inputs.size() == inputs.size(), ErrorCode::invalid_model,
          "the graph '{}' takes {} values, the node hands it {}", from.name, from.inputs.size(),
          inputs.size());
  Scope scope;
  scope.graph = outer.graph;
  scope.opsets = outer.opsets;
  scope.prefix = name;
  scope.call_attributes = outer.call_attributes;
  scope.depth = outer.depth + 1;
  for (const std::string& captured : free_names(from))
    if (const ValueId* id = outer.find(captured)) scope.values[captured] = *id;
  for (size_t i = 0; i < inputs.size(); ++i) scope.values[from.inputs[i].name] = inputs[i];
  import_nodes(from, scope);
  std::vector<std::string> results;
  results.reserve(from.outputs.size());
  for (const OnnxValueInfo& output : from.outputs) results.push_back(output.name);
  return resolve(results, scope);
}

std::vector<ValueId> NodeImporter::import_operator(const OnnxNode& node, const std::string& name,
                                                   Scope& scope) {
  require(!node.outputs.empty(), ErrorCode::invalid_model, "the node has no outputs");
  GraphBuilder builder(*scope.graph, Origin{{name}});
  if (node.domain.empty()) {
    if (node.op == "If") return import_if(node, builder, scope);
    if (node.op == "Loop") return import_loop(node, builder, scope);
    if (node.op == "Scan") return import_scan(node, builder, scope);
    if (node.op == "SequenceMap") return import_sequence_map(node, builder, scope);
  }
  if (node.domain == "ai.onnx.preview.training" && node.op == "Gradient")
    return import_gradient(node, builder, scope);
  RawNode raw;
  raw.domain = node.domain;
  raw.op = node.op;
  raw.name = name;
  raw.inputs = resolve(node.inputs, scope);
  raw.output_count = node.outputs.size();
  for (const std::string& output : node.outputs) raw.wanted.push_back(!output.empty());
  raw.attributes = attributes_of(node, scope);
  for (const OnnxAttribute& attribute : node.attributes) {
    if (attribute.type) raw.types.emplace(attribute.name, *attribute.type);
    if (attribute.graphs.size() == 1)
      raw.graphs.emplace(attribute.name, [&](std::span<const ValueId> inputs) {
        return import_inline(attribute.graphs[0], inputs, name, scope);
      });
  }
  raw.version = version_of(node, scope);
  const auto custom = require_known(node, scope);

  for (const ImportRule* rule : find_import_rules(raw.domain, raw.op, raw.version))
    if (auto results = rule->import(raw, builder)) return *results;
  Node result;
  result.domain = raw.domain;
  result.op = raw.op;
  result.name = name;
  result.inputs = raw.inputs;
  result.attributes = raw.attributes;
  if (custom) make_custom(result, *custom);
  const std::vector<ValueId> results = builder.add_node(std::move(result), raw.output_count);
  // Outputs that the model does not name are not wanted.
  Node& added = scope.graph->node(scope.graph->value(results[0]).producer);
  for (size_t i = 0; i < results.size(); ++i)
    if (!raw.wanted[i]) added.outputs[i] = no_value;
  return results;
}

const OnnxGraph& body_of(const OnnxNode& node, std::string_view attribute) {
  const OnnxAttribute* found = node.attribute(attribute);
  require(found != nullptr && found->graphs.size() == 1, ErrorCode::invalid_model,
          "attribute '{}' holds no graph", attribute);
  return found->graphs[0];
}

}  // namespace cermet::onnx
