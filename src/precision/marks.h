// What a rewrite of a graph to 16 bits has to know of its values beforehand.
#pragma once

#include <optional>
#include <vector>

#include "ir/graph.h"
#include "precision/operators.h"

namespace cermet {

// What the node does to one element, of cermet.Pointwise and of ONNX's elementwise operators;
// nothing for others.
std::optional<ScalarExpr> expression_of(const Graph& graph, const Node& node);

// Of the values that were there when it was made, by id.
class PrecisionMarks {
 public:
  explicit PrecisionMarks(const Graph& graph);

  // A tensor of float32, which may come in 16 bits.
  bool is_real(ValueId id) const { return holds(real_, id); }
  // It follows from what the model itself cast to float32.
  bool is_pinned(ValueId id) const { return holds(pinned_, id); }
  // It counts: large whole numbers, and what is proportional to them.
  bool is_count(ValueId id) const { return holds(counts_, id); }
  // It follows from sums of rows alone: few numbers, of which differences may be taken.
  bool is_statistic(ValueId id) const { return holds(statistics_, id); }
  // A matrix product that only spreads counts over frequencies, of which waves will be taken.
  bool multiplies_counts(const Node& node) const;
  // Somebody would rather read 16 bits.
  bool is_wanted(ValueId id) const { return holds(wanted_, id); }

  // Whether input i of the operator is one that comes in 16 bits when the node does.
  bool takes_narrow(const Node& node, size_t i) const;

 private:
  static bool holds(const std::vector<bool>& marks, ValueId id) {
    return id != no_value && static_cast<size_t>(id) < marks.size() && marks[id];
  }
  void mark_forward(const Node& node);
  void mark_wanted(const Node& node);
  void mark_wanted_by_bodies(const Node& node);
  bool pins(const Node& node) const;
  bool counts(const Node& node) const;
  bool tells_statistics(const Node& node) const;
  bool counts_elements(const Node& node, const ScalarExpr& expression) const;

  const Graph& graph_;
  std::vector<bool> real_, pinned_, counts_, statistics_, wanted_;
};

}  // namespace cermet
