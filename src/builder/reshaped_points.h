// Some points of a tensor under another shape, from those of the tensor itself.
#pragma once

#include "builder/grid.h"
#include "ir/graph.h"

namespace cermet {

// Whether the node gives its first input another shape and does nothing else.
bool only_reshapes(const Node& node);

// Sizes of the two shapes fall into groups of equal products. Within a group the points that are
// wanted may take more of the source than themselves: the product of the coordinates they have.
class ReshapedPoints {
 public:
  // Of a tensor of shape `from` that is read as one of shape `to`, at the points of `grid`. Throws
  // Error, code unsupported, where the two don't hold as many elements.
  ReshapedPoints(const Shape& from, const Shape& to, const Grid& grid);

  const Grid& source() const { return source_; }
  // The wanted points from those of source().
  Tensor of(const Tensor& source, const Shape& shape) const;

 private:
  void add_group(const Shape& from, const Shape& to, const Grid& grid);

  Grid source_;
  Shape groups_;  // by group: how many points of the source
  Grid places_;   // by group: where its wanted points are among the source's
};

}  // namespace cermet
