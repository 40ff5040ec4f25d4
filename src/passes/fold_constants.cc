// Nodes whose inputs are all constant are computed while building.
#include <algorithm>

#include "base/error.h"
#include "passes/passes.h"

namespace cermet {
namespace {

// A result may be larger than what it is made of only up to this size: an expanded constant is
// cheaper to make while running than to store.
constexpr size_t small_result = size_t{1} << 16;

bool foldable(const Graph& graph, const Node& node) {
  if (!node.subgraphs.empty() || node.domain == "cermet" || node.epilogue) return false;
  const Operator* op = find_operator(node.domain, node.op);
  if (op == nullptr || !op->deterministic) return false;
  return std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId input) {
    return input == no_value || graph.value(input).constant != nullptr;
  });
}

size_t result_bytes(const Graph& graph, const Node& node) {
  size_t bytes = 0;
  for (ValueId output : node.outputs) {
    if (output == no_value) continue;
    const ValueType& type = graph.type(output);
    if (!type.is_static()) return 0;  // depends on data, hence no larger than its inputs
    bytes += byte_size(type.element, element_count(constants(*type.dims)));
  }
  return bytes;
}

Recipe recipe_of(const Graph& graph, const Node& node) {
  Recipe recipe;
  for (ValueId input : node.inputs) {
    if (input == no_value) continue;
    const Recipe& from = graph.value(input).constant->recipe;
    recipe.initializers.insert(recipe.initializers.end(), from.initializers.begin(),
                               from.initializers.end());
    recipe.operations.insert(recipe.operations.end(), from.operations.begin(),
                             from.operations.end());
  }
  recipe.operations.push_back(node.op + " " + node.attributes.to_string());
  return recipe;
}

std::optional<Patch> fold(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  size_t input_bytes = small_result;
  std::vector<std::optional<Value>> inputs;
  for (ValueId input : node.inputs) {
    inputs.emplace_back();
    if (input == no_value) continue;
    inputs.back() = Value(graph.value(input).constant->tensor);
    input_bytes += graph.value(input).constant->tensor.bytes();
  }
  if (result_bytes(graph, node) > input_bytes) return std::nullopt;
  std::vector<Value> results;
  try {
    results = evaluate(*find_operator(node.domain, node.op), node.attributes, inputs,
                       node.outputs.size());
  } catch (const Error&) {
    return std::nullopt;  // it fails when it runs, if it runs: it may be in a branch never taken
  }
  Patch patch(graph);
  patch.consume(id);
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == no_value) continue;
    if (results[i].kind != Value::Kind::tensor) return std::nullopt;
    patch.replace(node.outputs[i], patch.constant(results[i].tensor, recipe_of(graph, node)));
  }
  return patch;
}

}  // namespace

std::vector<Patch> fold_constants(const Graph& graph) {
  std::vector<Patch> patches;
  for (NodeId id : graph.order())
    if (foldable(graph, graph.node(id)))
      if (auto patch = fold(graph, id)) patches.push_back(std::move(*patch));
  return patches;
}

}  // namespace cermet
