#include <map>
#include <set>

#include "base/error.h"
#include "builder/custom_nodes.h"
#include "cermet/builder.h"
#include "import/onnx/importer.h"

namespace cermet {
namespace {

void count_operators(const onnx::OnnxGraph& graph, std::map<std::string, size_t>& counts) {
  for (const onnx::OnnxNode& node : graph.nodes) {
    ++counts[node.domain.empty() ? node.op : node.domain + "." + node.op];
    for (const onnx::OnnxAttribute& attribute : node.attributes)
      for (const onnx::OnnxGraph& body : attribute.graphs) count_operators(body, counts);
  }
}

TensorInfo describe(const onnx::OnnxValueInfo& value) {
  TensorInfo info;
  info.name = value.name;
  if (!value.type) return info;
  info.kind = value.type->kind;
  info.type = value.type->element;
  if (!value.type->has_rank()) return info;
  info.dims.emplace();
  for (const Dim& dim : *value.type->dims) info.dims->push_back(dim.to_string());
  return info;
}

}  // namespace

ModelCheck check_model(const std::string& model_path, const std::vector<std::string>& plugins) {
  const Plugins opened(plugins);
  ModelCheck check;
  const onnx::OnnxModel model = onnx::read_model_file(model_path);
  check.ir_version = model.ir_version;
  check.producer = model.producer;
  check.opsets.assign(model.opsets.begin(), model.opsets.end());
  std::map<std::string, size_t> counts;
  count_operators(model.graph, counts);
  check.operators.assign(counts.begin(), counts.end());
  std::set<std::string_view> weights;  // old models list them among the inputs
  for (const onnx::OnnxTensor& weight : model.graph.initializers) weights.insert(weight.name);
  for (const onnx::OnnxValueInfo& input : model.graph.inputs)
    if (!weights.contains(input.name)) check.inputs.push_back(describe(input));
  for (const onnx::OnnxValueInfo& output : model.graph.outputs)
    check.outputs.push_back(describe(output));

  std::vector<onnx::Diagnostic> diagnostics;
  onnx::ImportOptions options;
  options.diagnostics = &diagnostics;
  options.claims = claims_of(opened);
  try {
    onnx::import_model(model, options);
  } catch (const Error& error) {
    diagnostics.push_back({"", error.code(), error.message()});
  }
  for (onnx::Diagnostic& diagnostic : diagnostics)
    check.problems.push_back(
        {std::move(diagnostic.node), diagnostic.code, std::move(diagnostic.message)});
  return check;
}

}  // namespace cermet
