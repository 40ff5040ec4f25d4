// Two transposes become one, two reshapes the second; a transpose that moves nothing but sizes of 1
// is a reshape.
#include "base/error.h"
#include "passes/match.h"
#include "passes/passes.h"
#include "passes/permutation.h"
#include "passes/reshape_groups.h"

namespace cermet {
namespace {

Patch single_transpose(const Graph& graph, NodeId id, const Node& first, const Permutation& outer,
                       const Permutation& inner) {
  Patch patch(graph);
  patch.consume(id);
  Node merged = Patch::copy_of(graph.node(id));
  merged.inputs = {first.inputs[0]};
  merged.origin.merge(first.origin);
  merged.attributes.set("perm", composed(inner, outer));
  patch.replace(graph.node(id).outputs[0], patch.add(std::move(merged)));
  return patch;
}

// Why one Reshape can't give the shape; nothing when it can. Of its second input at most one size
// may be left open, and 0 would mean: copy the size.
std::optional<std::string> why_no_target(const ValueType& type) {
  if (!type.has_rank()) return "the rank of the result is not known";
  int open = 0;
  for (const Dim& dim : *type.dims) {
    if (dim.is_constant(0)) return "the result has a size of 0";
    open += !dim.is_constant();
  }
  if (open > 1) return fmt::format("{} sizes of the result {} are open", open, type.to_string());
  return std::nullopt;
}

// A Reshape of `value` to the type of the node's result, if that can be said in numbers.
std::optional<Patch> reshape_instead(const Graph& graph, NodeId id, ValueId value,
                                     const Origin& origin) {
  const auto shape = reshape_target(graph.type(graph.node(id).outputs[0]));
  if (!shape) return std::nullopt;
  Patch patch(graph);
  patch.consume(id);
  Node merged;
  merged.op = "Reshape";
  merged.name = graph.node(id).name;
  merged.origin = graph.node(id).origin;
  merged.origin.merge(origin);
  merged.inputs = {value, patch.constant(Tensor::from(
                              ElementType::int64, {static_cast<int64_t>(shape->size())}, *shape))};
  patch.replace(graph.node(id).outputs[0], patch.add(std::move(merged)));
  return patch;
}

// The movement before a node, or nullptr.
const Node* movement_before(const Graph& graph, const Node& node) {
  const Node* first = node.inputs.empty() ? nullptr : graph.producer(node.inputs[0]);
  if (first == nullptr) return nullptr;
  const bool alike = (node.is("Transpose") && first->is("Transpose")) ||
                     (is_reshaping(node) && is_reshaping(*first));
  return alike ? first : nullptr;
}

// Without a change it is no operation.
bool is_reshape(const Graph& graph, const Node& node) {
  const auto permutation = permutation_of(graph, node);
  return permutation && !is_identity(*permutation) &&
         moves_ones_only(*graph.type(node.inputs[0]).dims, *permutation);
}

}  // namespace

std::vector<Patch> merge_movements(const Graph& graph) {
  std::vector<Patch> patches;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (node.is("Transpose") && is_reshape(graph, node)) {
      if (auto patch = reshape_instead(graph, id, node.inputs[0], {})) {
        patches.push_back(std::move(*patch));
        continue;
      }
    }
    const Node* first = movement_before(graph, node);
    if (first == nullptr) continue;
    if (node.is("Transpose")) {
      const auto outer = permutation_of(graph, node);
      const auto inner = permutation_of(graph, *first);
      if (outer && inner) patches.push_back(single_transpose(graph, id, *first, *outer, *inner));
    } else {
      if (auto patch = reshape_instead(graph, id, first->inputs[0], first->origin))
        patches.push_back(std::move(*patch));
    }
  }
  return patches;
}

void near_merge_movements(const Graph& graph, NearFusions& near) {
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (movement_before(graph, node) == nullptr) continue;
    const NodeId before = graph.value(node.inputs[0]).producer;
    if (node.is("Transpose"))
      near.add(graph, {before, id}, "the rank of what is transposed is not known");
    else if (auto why = why_no_target(graph.type(node.outputs[0])))
      near.add(graph, {before, id}, std::move(*why));
  }
}

}  // namespace cermet
