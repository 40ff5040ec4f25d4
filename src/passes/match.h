// Small questions that passes ask of a graph.
#pragma once

#include <optional>
#include <vector>

#include "ir/graph.h"

namespace cermet {

// Readers of every value, computed once for a find().
class Uses {
 public:
  explicit Uses(const Graph& graph) : graph_(&graph), readers_(graph.consumers()) {}

  // The one node that reads the value, once; no_node when several do or it is a graph output.
  NodeId only_reader(ValueId id) const {
    return id != no_value && readers_[id].size() == 1 ? sole_reading_node(id) : no_node;
  }
  // The one node that reads the value, maybe several times.
  NodeId sole_reading_node(ValueId id) const {
    if (id == no_value || readers_[id].empty() || graph_->is_output(id)) return no_node;
    for (NodeId reader : readers_[id])
      if (reader != readers_[id][0]) return no_node;
    return readers_[id][0];
  }
  const std::vector<NodeId>& readers(ValueId id) const { return readers_[id]; }
  size_t count(ValueId id) const { return readers_[id].size() + (graph_->is_output(id) ? 1 : 0); }

 private:
  const Graph* graph_;
  std::vector<std::vector<NodeId>> readers_;
};

// The constant behind a value, or nullptr.
inline const Tensor* constant_of(const Graph& graph, ValueId id) {
  if (id == no_value || !graph.value(id).constant) return nullptr;
  return &graph.value(id).constant->tensor;
}

// The numbers of a constant or otherwise known integer value.
std::optional<std::vector<int64_t>> known_integers(const Graph& graph, ValueId id);

// The permutation of a Transpose whose rank is known.
std::optional<std::vector<int64_t>> permutation_of(const Graph& graph, const Node& node);

// The type's shape as the second input of a Reshape, where at most one size is no number.
std::optional<std::vector<int64_t>> reshape_target(const ValueType& type);

// The recipe of a value made from constants `from` by `operation`.
Recipe derived_recipe(const Graph& graph, const std::vector<ValueId>& from, std::string operation);

}  // namespace cermet
