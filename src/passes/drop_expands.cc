// An elementwise operator that would broadcast its operand by itself reads it unexpanded.
#include <algorithm>

#include "passes/elementwise.h"
#include "passes/match.h"
#include "passes/passes.h"

namespace cermet {
namespace {

// Does the node repeat nothing but sizes of 1? Then its result broadcasts as its input does.
bool expands(const Graph& graph, const Node& node) {
  if (!node.is("Expand") && !node.is("Tile")) return false;
  return broadcasts_into(graph.type(node.inputs[0]), graph.type(node.outputs[0]));
}

// Without the expansions that its other operands make up for; nothing where there are none. An
// operand is taken only where the result keeps its type, so that the largest one stays.
std::optional<Node> without_expands(const Graph& graph, const Node& node) {
  if (node.inputs.size() < 2 || !elementwise_expression(graph, node)) return std::nullopt;
  Node bare = Patch::copy_of(node);
  bool changed = false;
  for (ValueId& input : bare.inputs) {
    if (node.is("PRelu") && &input == &bare.inputs[0]) continue;  // the slope alone broadcasts
    const Node* before = graph.producer(input);
    if (before == nullptr || !expands(graph, *before)) continue;
    const ValueId expanded = std::exchange(input, before->inputs[0]);
    if (infer_node(graph, bare)[0].type == graph.type(node.outputs[0])) {
      bare.origin.merge(before->origin);
      changed = true;
    } else {
      input = expanded;
    }
  }
  return changed ? std::optional(std::move(bare)) : std::nullopt;
}

}  // namespace

std::vector<Patch> drop_expands(const Graph& graph) {
  std::vector<Patch> patches;
  for (NodeId id : graph.order()) {
    auto bare = without_expands(graph, graph.node(id));
    if (!bare) continue;
    Patch patch(graph);
    patch.consume(id);
    patch.replace(graph.node(id).outputs[0], patch.add(std::move(*bare)));
    patches.push_back(std::move(patch));
  }
  return patches;
}

}  // namespace cermet
