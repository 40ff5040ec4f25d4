// Picking one slice out of a transposed or reshaped tensor picks it first, so that less is moved.
// Joint projections of queries, keys and values are taken apart this way.
#include <algorithm>

#include "passes/match.h"
#include "passes/passes.h"

namespace cermet {
namespace {

// A Gather of one slice: its index is a constant of rank 0.
bool picks_one(const Graph& graph, const Node& node) {
  if (!node.is("Gather")) return false;
  const Tensor* index = constant_of(graph, node.inputs[1]);
  return index != nullptr && index->shape().empty() && graph.type(node.inputs[0]).has_rank();
}

int64_t axis_of(const Graph& graph, const Node& gather) {
  const int64_t axis = gather.attributes.integer("axis", 0);
  return axis < 0 ? axis + graph.type(gather.inputs[0]).rank() : axis;
}

ValueId gathered(Patch& patch, const Node& gather, ValueId from, int64_t axis) {
  Node node = Patch::copy_of(gather);
  node.inputs[0] = from;
  node.attributes.set("axis", axis);
  return patch.add(std::move(node));
}

Patch before_transpose(const Graph& graph, NodeId id, const Node& transpose,
                       std::vector<int64_t> permutation) {
  const Node& gather = graph.node(id);
  const int64_t axis = axis_of(graph, gather), picked = permutation[axis];
  permutation.erase(permutation.begin() + axis);
  for (int64_t& d : permutation) d -= d > picked;
  Patch patch(graph);
  patch.consume(id);
  Node moved = Patch::copy_of(transpose);
  moved.inputs = {gathered(patch, gather, transpose.inputs[0], picked)};
  moved.attributes.set("perm", permutation);
  patch.replace(gather.outputs[0], patch.add(std::move(moved)));
  return patch;
}

// Only where the reshape leaves the first size alone and that is gathered from.
std::optional<Patch> before_reshape(const Graph& graph, NodeId id, const Node& reshape) {
  const Node& gather = graph.node(id);
  const ValueType &from = graph.type(reshape.inputs[0]), &to = graph.type(gather.inputs[0]);
  const auto shape = reshape_target(graph.type(gather.outputs[0]));
  if (!shape || !from.has_rank() || from.rank() == 0 || axis_of(graph, gather) != 0)
    return std::nullopt;
  if (from.dims->front() != to.dims->front()) return std::nullopt;
  Patch patch(graph);
  patch.consume(id);
  Node moved;
  moved.op = "Reshape";
  moved.origin = reshape.origin;
  moved.inputs = {gathered(patch, gather, reshape.inputs[0], 0),
                  patch.constant(Tensor::from(ElementType::int64,
                                              {static_cast<int64_t>(shape->size())}, *shape))};
  patch.replace(gather.outputs[0], patch.add(std::move(moved)));
  return patch;
}

}  // namespace

std::vector<Patch> gather_early(const Graph& graph) {
  const Uses uses(graph);
  std::vector<Patch> patches;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (!picks_one(graph, node)) continue;
    const Node* before = graph.producer(node.inputs[0]);
    // All readers pick, or the whole would be moved all the same.
    const auto& readers = uses.readers(node.inputs[0]);
    const bool all_pick = std::all_of(readers.begin(), readers.end(), [&](NodeId reader) {
      return picks_one(graph, graph.node(reader));
    });
    if (before == nullptr || graph.is_output(node.inputs[0]) || !all_pick) continue;
    if (before->is("Transpose")) {
      if (const auto permutation = permutation_of(graph, *before))
        patches.push_back(before_transpose(graph, id, *before, *permutation));
    } else if (before->is("Reshape") || before->is("Squeeze") || before->is("Unsqueeze")) {
      if (auto patch = before_reshape(graph, id, *before)) patches.push_back(std::move(*patch));
    }
  }
  return patches;
}

}  // namespace cermet
