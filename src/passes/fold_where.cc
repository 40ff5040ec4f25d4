// A Where whose condition is the same everywhere, or whose two sides are one value, is that side.
#include <algorithm>

#include "base/scalar.h"
#include "passes/match.h"
#include "passes/passes.h"

namespace cermet {
namespace {

// The side that a constant condition of one value takes; no_value for one that takes both.
ValueId side_taken(const Graph& graph, const Node& where) {
  if (where.inputs[1] == where.inputs[2]) return where.inputs[1];
  const Tensor* condition = constant_of(graph, where.inputs[0]);
  if (condition == nullptr || condition->elements() == 0) return no_value;
  const bool first = load_element<uint64_t>(condition->view(), 0) != 0;
  for (int64_t i = 1; i < condition->elements(); ++i)
    if ((load_element<uint64_t>(condition->view(), i) != 0) != first) return no_value;
  return where.inputs[first ? 1 : 2];
}

std::optional<Patch> folded(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  if (!node.is("Where")) return std::nullopt;
  const ValueId side = side_taken(graph, node);
  if (side == no_value) return std::nullopt;
  const ValueType& type = graph.type(node.outputs[0]);
  Patch patch(graph);
  patch.consume(id);
  if (graph.type(side).has_rank() && graph.type(side) == type) {
    patch.replace(node.outputs[0], side);
    return patch;
  }
  if (!type.is_static()) return std::nullopt;
  Node expand;
  expand.op = "Expand";
  expand.inputs = {
      side, patch.constant(Tensor::from(ElementType::int64, {type.rank()}, constants(*type.dims)))};
  patch.replace(node.outputs[0], patch.add(std::move(expand)));
  return patch;
}

}  // namespace

std::vector<Patch> fold_where(const Graph& graph) {
  std::vector<Patch> patches;
  for (NodeId id : graph.order())
    if (auto patch = folded(graph, id)) patches.push_back(std::move(*patch));
  return patches;
}

}  // namespace cermet
