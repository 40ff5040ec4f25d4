// A reshape that splits dimensions of a transposed tensor splits them before the transpose, where
// that brings it to another reshape; one that joins an image's dimensions before a transpose to
// channels last joins them behind it. Either way reshapes meet, and transposes do.
#include <algorithm>

#include "passes/match.h"
#include "passes/passes.h"
#include "passes/reshape_groups.h"

namespace cermet {
namespace {

ValueId add_reshape(Patch& patch, const Node& like, ValueId value,
                    const std::vector<int64_t>& shape) {
  Node node;
  node.op = "Reshape";
  node.name = like.name;
  node.origin = like.origin;
  node.inputs = {value, patch.constant(Tensor::from(ElementType::int64,
                                                    {static_cast<int64_t>(shape.size())}, shape))};
  return patch.add(std::move(node));
}

ValueId add_transpose(Patch& patch, const Node& like, ValueId value, const Permutation& order) {
  if (is_identity(order)) return value;
  Node node;
  node.op = "Transpose";
  node.name = like.name;
  node.origin = like.origin;
  node.inputs = {value};
  node.attributes.set("perm", order);
  return patch.add(std::move(node));
}

// The node before `node`, where nothing else reads it.
const Node* sole_producer(const Graph& graph, const Uses& uses, const Node& node) {
  if (node.inputs.empty() || uses.count(node.inputs[0]) != 1) return nullptr;
  return graph.producer(node.inputs[0]);
}

std::optional<std::vector<ReshapeGroup>> groups_of(const Graph& graph, const Node& reshape) {
  const ValueType &from = graph.type(reshape.inputs[0]), &to = graph.type(reshape.outputs[0]);
  if (!from.has_rank() || !to.has_rank()) return std::nullopt;
  return reshape_groups(*from.dims, *to.dims);
}

std::optional<Patch> split_early(const Graph& graph, const Uses& uses, NodeId id) {
  const Node& reshape = graph.node(id);
  const Node* transpose = is_reshaping(reshape) ? sole_producer(graph, uses, reshape) : nullptr;
  if (transpose == nullptr || !transpose->is("Transpose")) return std::nullopt;
  const Node* before = graph.producer(transpose->inputs[0]);
  const auto order = permutation_of(graph, *transpose);
  const auto groups = groups_of(graph, reshape);
  if (before == nullptr || !is_reshaping(*before) || !order || !groups) return std::nullopt;
  if (std::any_of(groups->begin(), groups->end(), [](const auto& g) { return g.joins(); }))
    return std::nullopt;
  const Dims& dims = *graph.type(reshape.outputs[0]).dims;
  const Permutation behind = *order_behind_reshape(*groups, *order);
  ValueType split = graph.type(reshape.outputs[0]);
  split.dims = before_transpose(dims, behind);
  const auto shape = reshape_target(split);
  if (!shape) return std::nullopt;
  Patch patch(graph);
  patch.consume(id);
  const ValueId value = add_reshape(patch, reshape, transpose->inputs[0], *shape);
  patch.replace(reshape.outputs[0], add_transpose(patch, *transpose, value, behind));
  return patch;
}

bool is_channels_last(const Permutation& order) {
  Permutation last(order.size(), 1);
  for (size_t d = 0; d + 1 < order.size(); ++d) last[d] = static_cast<int64_t>(d == 0 ? 0 : d + 1);
  return order.size() >= 4 && order == last;
}

// The dimensions of the reshape's operand, as the transpose behind it arranges them.
Permutation order_before_joining(const std::vector<ReshapeGroup>& groups,
                                 const Permutation& order) {
  std::vector<const ReshapeGroup*> by_result;
  for (const ReshapeGroup& group : groups) by_result.resize(group.to_end, &group);
  Permutation result;
  for (int64_t d : order)
    for (size_t from = by_result[d]->from; from < by_result[d]->from_end; ++from)
      result.push_back(static_cast<int64_t>(from));
  return result;
}

std::optional<Patch> join_late(const Graph& graph, const Uses& uses, NodeId id) {
  const Node& transpose = graph.node(id);
  const Node* reshape = transpose.is("Transpose") ? sole_producer(graph, uses, transpose) : nullptr;
  if (reshape == nullptr || !is_reshaping(*reshape)) return std::nullopt;
  const Node* image = sole_producer(graph, uses, *reshape);
  if (image == nullptr || !image->is("Conv")) return std::nullopt;
  const auto order = permutation_of(graph, transpose);
  const auto groups = groups_of(graph, *reshape);
  const auto shape = reshape_target(graph.type(transpose.outputs[0]));
  if (!order || !groups || !shape) return std::nullopt;
  const auto is_one = [](const ReshapeGroup& g) {
    return g.to_end - g.to != 1 || g.from == g.from_end;
  };
  if (std::any_of(groups->begin(), groups->end(), is_one)) return std::nullopt;
  const Permutation before = order_before_joining(*groups, *order);
  if (!is_channels_last(before)) return std::nullopt;
  Patch patch(graph);
  patch.consume(id);
  const ValueId value = add_transpose(patch, transpose, reshape->inputs[0], before);
  patch.replace(transpose.outputs[0], add_reshape(patch, *reshape, value, *shape));
  return patch;
}

}  // namespace

std::vector<Patch> move_reshapes(const Graph& graph) {
  const Uses uses(graph);
  std::vector<Patch> patches;
  for (NodeId id : graph.order()) {
    if (auto patch = split_early(graph, uses, id)) patches.push_back(std::move(*patch));
    if (auto patch = join_late(graph, uses, id)) patches.push_back(std::move(*patch));
  }
  return patches;
}

}  // namespace cermet
