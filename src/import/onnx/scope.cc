#include "import/onnx/scope.h"

#include <set>

namespace cermet::onnx {
namespace {

class FreeNames {
 public:
  void visit(const OnnxGraph& graph) {
    std::set<std::string> own;
    for (const OnnxValueInfo& input : graph.inputs) own.insert(input.name);
    for (const OnnxTensor& weight : graph.initializers) own.insert(weight.name);
    scopes_.push_back(std::move(own));
    for (const OnnxNode& node : graph.nodes) {
      for (const std::string& input : node.inputs) use(input);
      for (const OnnxAttribute& attribute : node.attributes)
        for (const OnnxGraph& body : attribute.graphs) visit(body);
      for (const std::string& output : node.outputs) scopes_.back().insert(output);
    }
    for (const OnnxValueInfo& output : graph.outputs) use(output.name);
    scopes_.pop_back();
  }

  std::vector<std::string> found;

 private:
  void use(const std::string& name) {
    if (name.empty() || seen_.contains(name)) return;
    for (const auto& scope : scopes_)
      if (scope.contains(name)) return;
    seen_.insert(name);
    found.push_back(name);
  }

  std::vector<std::set<std::string>> scopes_;
  std::set<std::string> seen_;
};

}  // namespace

std::vector<std::string> free_names(const OnnxGraph& graph) {
  FreeNames names;
  names.visit(graph);
  return std::move(names.found);
}

std::vector<ValueId> capture(const std::vector<std::string>& names, const Scope& outer,
                             Scope& inner) {
  std::vector<ValueId> captured;
  for (const std::string& name : names) {
    const ValueId* id = outer.find(name);
    if (id == nullptr || inner.find(name) != nullptr) continue;
    const GraphValue& value = outer.graph->value(*id);
    if (value.constant) {
      inner.values[name] =
          inner.graph->add_constant(value.name, value.constant->tensor, value.constant->recipe);
      continue;
    }
    const ValueId input = inner.graph->add_input(value.name, value.type);
    inner.graph->value(input).contents = value.contents;
    inner.values[name] = input;
    captured.push_back(*id);
  }
  return captured;
}

}  // namespace cermet::onnx
