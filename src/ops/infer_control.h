// Types of the results of If, Loop and Scan, from the types of their bodies' results.
#pragma once

#include <optional>
#include <vector>

#include "ir/graph.h"
#include "ops/infer.ref.h"

namespace cermet {

std::vector<InferContext::Output> infer_control(const Graph& graph, const Node& node);

// The most special type that both have: sizes that differ become new symbols of `graph`, ranks
// that differ become unknown. Throws invalid_model when they have no common type.
ValueType common_type(Graph& graph, const ValueType& a, const ValueType& b);

// A condition that is the same in every run.
std::optional<bool> known_condition(const GraphValue& condition);

// How a Loop or Scan divides its operands; the importer writes these counts as attributes.
struct LoopShape {
  size_t states = 0;        // carried from one iteration to the next
  size_t scan_inputs = 0;   // Scan: sliced along an axis
  size_t captured = 0;      // the same in every iteration
  size_t scan_outputs = 0;  // stacked from all iterations

  static LoopShape of(const Node& node);
};

}  // namespace cermet
