// Two transposes become one, two reshapes the second.
#include <algorithm>
#include <array>

#include "passes/match.h"
#include "passes/passes.h"

namespace cermet {
namespace {

bool reshapes(const Node& node) {
  static constexpr std::array<std::string_view, 4> names{"Reshape", "Flatten", "Squeeze",
                                                         "Unsqueeze"};
  return node.domain.empty() && std::find(names.begin(), names.end(), node.op) != names.end();
}

Patch single_transpose(const Graph& graph, NodeId id, const Node& first,
                       const std::vector<int64_t>& outer, const std::vector<int64_t>& inner) {
  std::vector<int64_t> both;
  for (int64_t axis : outer) both.push_back(inner[axis]);
  Patch patch(graph);
  patch.consume(id);
  Node merged = Patch::copy_of(graph.node(id));
  merged.inputs = {first.inputs[0]};
  merged.origin.merge(first.origin);
  merged.attributes.set("perm", both);
  patch.replace(graph.node(id).outputs[0], patch.add(std::move(merged)));
  return patch;
}

// The result's shape as the second input of a Reshape: at most one size may be symbolic.
std::optional<std::vector<int64_t>> target_shape(const ValueType& type) {
  if (!type.has_rank()) return std::nullopt;
  std::vector<int64_t> shape;
  int free = 0;
  for (const Dim& dim : *type.dims) {
    if (dim.is_constant(0)) return std::nullopt;  // 0 would mean: copy the size
    shape.push_back(dim.is_constant() ? dim.constant() : -1);
    free += !dim.is_constant();
  }
  if (free > 1) return std::nullopt;
  return shape;
}

std::optional<Patch> single_reshape(const Graph& graph, NodeId id, const Node& first) {
  const auto shape = target_shape(graph.type(graph.node(id).outputs[0]));
  if (!shape) return std::nullopt;
  Patch patch(graph);
  patch.consume(id);
  Node merged;
  merged.op = "Reshape";
  merged.name = graph.node(id).name;
  merged.origin = graph.node(id).origin;
  merged.origin.merge(first.origin);
  merged.inputs = {first.inputs[0],
                   patch.constant(Tensor::from(ElementType::int64,
                                               {static_cast<int64_t>(shape->size())}, *shape))};
  patch.replace(graph.node(id).outputs[0], patch.add(std::move(merged)));
  return patch;
}

}  // namespace

std::vector<Patch> merge_movements(const Graph& graph) {
  std::vector<Patch> patches;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    const Node* first = node.inputs.empty() ? nullptr : graph.producer(node.inputs[0]);
    if (first == nullptr) continue;
    if (node.is("Transpose") && first->is("Transpose")) {
      const auto outer = permutation_of(graph, node);
      const auto inner = permutation_of(graph, *first);
      if (outer && inner) patches.push_back(single_transpose(graph, id, *first, *outer, *inner));
    } else if (reshapes(node) && reshapes(*first)) {
      if (auto patch = single_reshape(graph, id, *first)) patches.push_back(std::move(*patch));
    }
  }
  return patches;
}

}  // namespace cermet
