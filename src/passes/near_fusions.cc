#include "passes/near_fusions.h"

#include <algorithm>

namespace cermet {
namespace {

bool same(const NearFusion& a, const NearFusion& b) {
  return a.pass == b.pass && a.nodes == b.nodes && a.condition == b.condition;
}

}  // namespace

void NearFusions::add(const Graph& graph, std::span<const NodeId> nodes, std::string condition) {
  Origin origin;
  for (NodeId id : nodes) {
    const Node& node = graph.node(id);
    // Nodes that a build put in have no ONNX node; their own name is all there is.
    origin.merge(node.origin.nodes.empty() ? Origin{{node.name}} : node.origin);
  }
  NearFusion found{pass_, std::move(origin.nodes), std::move(condition)};
  const auto equal = [&](const NearFusion& other) { return same(found, other); };
  if (std::none_of(into_->begin(), into_->end(), equal)) into_->push_back(std::move(found));
}

bool refuse_internal(std::string* why, const Graph& graph, ValueId value,
                     std::vector<NodeId> readers) {
  if (why == nullptr) return false;
  const std::string& name = graph.value(value).name;
  if (graph.is_output(value))
    return refuse(why, "the value '{}' between them is an output of the graph", name);
  std::sort(readers.begin(), readers.end());
  const auto count = std::unique(readers.begin(), readers.end()) - readers.begin();
  return refuse(why, "the value '{}' between them has {} readers", name, count);
}

}  // namespace cermet
