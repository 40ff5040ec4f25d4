// What the model says: values of the graph as it was imported, from its operators' reference
// kernels, at some of their points.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "builder/grid.h"
#include "expr/dim.h"
#include "ir/graph.h"

namespace cermet {

// The imported graph with what a search in it needs. Keeps the graph alive.
class OriginalGraph {
 public:
  explicit OriginalGraph(Graph graph);

  const Graph& graph() const { return graph_; }
  // The value of that name, element type and rank; no_value where there is none.
  ValueId find(const std::string& name, const ValueType& type) const;
  const std::vector<NodeId>& readers(ValueId value) const { return readers_[value]; }

 private:
  Graph graph_;
  std::map<std::string, ValueId, std::less<>> by_name_;
  std::vector<std::vector<NodeId>> readers_;
};

// One evaluation: some values are given, others follow from them. Throws Error, code unsupported,
// where a value can't be told from those that are given.
class OriginalValues {
 public:
  OriginalValues(const OriginalGraph& original, SymbolValues symbols)
      : original_(original), graph_(original.graph()), symbols_(std::move(symbols)) {}

  void give(ValueId value, Tensor tensor) {
    given_[value] = std::move(tensor);
    unread_.insert(value);
  }
  // Those of the given values that nothing was computed from so far.
  const std::set<ValueId>& unread() const { return unread_; }
  // Whether it is given, a constant or a shape with known sizes.
  bool is_known(ValueId value) { return known(value) != nullptr; }
  const SymbolValues& symbols() const { return symbols_; }
  Tensor given(ValueId value) { return *known(value); }  // requires is_known
  Shape shape(ValueId value);
  // The value at the points of a grid. `shake`: 0: as the model says; else every number that comes
  // of rounding is moved by about as much as another order of the same operations may move it, by
  // chance, +1 and -1 in opposite directions.
  Tensor at(ValueId value, const Grid& grid, int shake = 0);

  // Of what was computed so far: the longest sum, and whether a small difference may grow.
  int64_t summands() const { return summands_; }
  bool discontinuous() const { return discontinuous_; }

 private:
  struct Key {
    ValueId value;
    int shake;
    Grid grid;
    auto operator<=>(const Key&) const = default;
  };

  // What is known without computing anything.
  const Tensor* known(ValueId value);
  bool reads_known_values(const Node& node);
  Tensor compute(ValueId value, const Grid& grid, int shake);
  Tensor compute_part(const Node& node, const Shape& shape, const Grid& grid, int shake);
  Tensor compute_whole(const Node& node, ValueId value, int shake);
  Tensor input_at(const Node& node, size_t i, const Grid& grid, int shake);
  void count_work(int64_t elements);

  const OriginalGraph& original_;
  const Graph& graph_;
  SymbolValues symbols_;
  std::map<ValueId, Tensor> given_;
  std::set<ValueId> unread_;
  std::map<Key, Tensor> computed_;
  int64_t summands_ = 0;
  int64_t work_ = 0;  // elements that were computed
  bool discontinuous_ = false;
};

}  // namespace cermet
