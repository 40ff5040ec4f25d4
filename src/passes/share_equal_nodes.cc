// Nodes that compute the same from the same values become one.
#include <map>

#include "base/error.h"
#include "passes/passes.h"

namespace cermet {
namespace {

bool shareable(const Node& node) {
  if (!node.subgraphs.empty() || node.is("Custom", "cermet")) return false;
  const Operator* op = find_operator(node.domain, node.op);
  return op == nullptr || op->deterministic;
}

bool equal(const Node& a, const Node& b) {
  if (a.op != b.op || a.domain != b.domain || a.inputs != b.inputs) return false;
  if (a.outputs.size() != b.outputs.size() || !(a.attributes == b.attributes)) return false;
  if (!(a.expression == b.expression) || a.epilogue.has_value() != b.epilogue.has_value())
    return false;
  return !a.epilogue || (a.epilogue->first_input == b.epilogue->first_input &&
                         a.epilogue->expression == b.epilogue->expression);
}

}  // namespace

std::vector<Patch> share_equal_nodes(const Graph& graph) {
  std::map<std::string, std::vector<NodeId>> seen;
  std::vector<Patch> patches;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (!shareable(node)) continue;
    std::string key = node.domain + "." + node.op;
    for (ValueId input : node.inputs) key += fmt::format(",{}", input);
    std::vector<NodeId>& bucket = seen[key];
    const NodeId* first = nullptr;
    for (const NodeId& candidate : bucket)
      if (equal(graph.node(candidate), node)) first = &candidate;
    if (first == nullptr) {
      bucket.push_back(id);
      continue;
    }
    const Node& kept = graph.node(*first);
    Patch patch(graph);
    patch.consume(id);
    bool all_there = true;
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] == no_value) continue;
      all_there = all_there && kept.outputs[i] != no_value;
      if (all_there) patch.replace(node.outputs[i], kept.outputs[i]);
    }
    if (all_there) patches.push_back(std::move(patch));
  }
  return patches;
}

}  // namespace cermet
