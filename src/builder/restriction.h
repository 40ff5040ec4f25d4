// What an operator has to be given to compute some points of its result and no others.
#pragma once

#include <optional>
#include <vector>

#include "builder/grid.h"
#include "ir/graph.h"

namespace cermet {

// Of a node whose first output is wanted at the points of `grid`.
struct RestrictionQuery {
  const Node& node;
  const std::vector<std::optional<Shape>>& inputs;  // nothing where absent
  const Shape& output;
  const Grid& grid;

  const Shape& shape(size_t i) const { return *inputs[i]; }
  bool has(size_t i) const { return i < inputs.size() && inputs[i].has_value(); }
};

struct Restriction {
  std::vector<Grid> inputs;  // the points at which each input is needed; empty where absent
  // Of what the operator makes of those, the points that were asked for; nothing: all of them.
  std::optional<Grid> wanted;
};

struct OperatorTraits {
  std::string_view op;  // of ONNX's own domain
  // Nothing when the whole result has to be computed.
  std::optional<Restriction> (*restrict)(const RestrictionQuery&) = nullptr;
  // How many numbers are added up for one element of the result, 0: none.
  int64_t (*summands)(const RestrictionQuery&) = nullptr;
  bool exact = false;          // numbers are handed on as they are
  bool discontinuous = false;  // the least difference of an input may make a step of the result
};
// Nothing for an operator that nothing is known of.
const OperatorTraits* operator_traits(const Node& node);

}  // namespace cermet
