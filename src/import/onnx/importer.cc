#include "import/onnx/importer.h"

#include "import/onnx/node_importer.h"

namespace cermet::onnx {
namespace {

void check_versions(const OnnxModel& model) {
  require(model.ir_version <= newest_ir_version, ErrorCode::unsupported,
          "the model has ONNX IR version {}; this release reads up to {}. Export it for an older "
          "version",
          model.ir_version, newest_ir_version);
  const auto opset = model.opsets.find("");
  if (opset == model.opsets.end()) return;
  require(opset->second <= newest_opset, ErrorCode::unsupported,
          "the model uses opset {}; this release reads up to {}. Export it for an older opset",
          opset->second, newest_opset);
}

// Sizes that are no numbers may still turn out to be small.
void check_size(const OnnxValueInfo& input) {
  if (!input.type->is_tensor() || !input.type->is_static()) return;
  try {
    byte_size(input.type->element, element_count(constants(*input.type->dims)));
  } catch (const Error& error) {
    fail(ErrorCode::invalid_model, "graph input '{}': {}", input.name, error.message());
  }
}

void add_inputs(const OnnxGraph& from, Scope& scope) {
  std::set<std::string> weights;
  for (const OnnxTensor& tensor : from.initializers) weights.insert(tensor.name);
  for (const OnnxValueInfo& input : from.inputs) {
    if (weights.contains(input.name)) continue;  // its default value is what counts
    require(input.type.has_value(), ErrorCode::invalid_model,
            "graph input '{}' has no type; an input needs at least its element type", input.name);
    check_size(input);
    scope.values[input.name] = scope.graph->add_input(input.name, *input.type);
  }
}

}  // namespace

Graph import_model(const OnnxModel& model, const ImportOptions& options) {
  check_versions(model);
  Graph graph;
  graph.name = model.graph.name;
  Scope scope;
  scope.graph = &graph;
  scope.opsets = &model.opsets;
  add_inputs(model.graph, scope);
  NodeImporter importer(model, options);
  importer.import_body(model.graph, scope);
  for (const std::string& name : options.marked_outputs) {
    const ValueId* id = scope.find(name);
    require(id != nullptr, ErrorCode::invalid_argument,
            "--mark-output: the model has no value named '{}'", name);
    if (!graph.is_output(*id)) graph.add_output(*id, name);
  }
  if (!options.diagnostics || options.diagnostics->empty()) verify(graph);
  return graph;
}

}  // namespace cermet::onnx
