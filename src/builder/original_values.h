// What the model says: values of the graph as it was imported, from its operators' reference
// kernels, at some of their points.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "builder/grid.h"
#include "builder/moved_points.h"
#include "builder/original_graph.h"
#include "expr/dim.h"

namespace cermet {

// One evaluation: some values are given, others follow from them. Throws Error, code unsupported,
// where a value can't be told from those that are given.
class OriginalValues {
 public:
  // `narrow` is the type in which the plan computes float32; undefined: in float32.
  OriginalValues(const OriginalGraph& original, SymbolValues symbols,
                 ElementType narrow = ElementType::undefined)
      : original_(original),
        graph_(original.graph()),
        symbols_(std::move(symbols)),
        narrow_(narrow) {}

  // A size that depends on data and occurs in the value's type is the given one from then on.
  void give(ValueId value, Tensor tensor);
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

  bool is_open(const Dim& dim) const;
  std::optional<Shape> inferred_shape(const Node& node, ValueId value);
  // What is known without computing anything.
  const Tensor* known(ValueId value);
  bool reads_known_values(const Node& node);
  Tensor compute(ValueId value, const Grid& grid, int shake);
  Tensor compute_part(const Node& node, const Shape& shape, const Grid& grid, int shake);
  Tensor compute_whole(const Node& node, ValueId value, int shake);
  Tensor part_of_whole(const Node& node, ValueId value, const Shape& shape, const Grid& grid,
                       int shake);
  std::optional<SlicedParts> sliced_parts(const Node& node);
  Tensor reshape_at(const Node& node, const Shape& shape, const Grid& grid, int shake);
  Tensor input_at(const Node& node, size_t i, const Grid& grid, int shake);
  ElementType rounded_type(ElementType type) const;
  bool is_shaken(ValueId value) const;
  void count_work(int64_t elements);

  const OriginalGraph& original_;
  const Graph& graph_;
  SymbolValues symbols_;
  ElementType narrow_;
  std::map<ValueId, Tensor> given_;
  std::set<ValueId> unread_;
  std::set<std::string> settled_;  // symbols of data in the types of given values
  std::map<Key, Tensor> computed_;
  std::map<ValueId, Shape> inferred_;
  int64_t summands_ = 0;
  int64_t work_ = 0;  // elements that were computed
  bool discontinuous_ = false;
};

}  // namespace cermet
