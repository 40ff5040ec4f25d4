#include "passes/trips.h"

#include <algorithm>
#include <limits>

#include "ops/infer_control.h"
#include "passes/match.h"

namespace cermet {
namespace {

std::nullopt_t unknown(std::string* why, std::string_view reason) {
  if (why != nullptr) *why = reason;
  return std::nullopt;
}

// The trip count of a Loop; one that is absent never ends it.
std::optional<int64_t> trip_count(const Graph& graph, const Node& node) {
  if (node.inputs[0] == no_value) return std::numeric_limits<int64_t>::max();
  const auto numbers = known_integers(graph, node.inputs[0]);
  if (!numbers || numbers->size() != 1) return std::nullopt;
  return numbers->front();
}

// What the body makes of its condition, given that it held before.
std::optional<bool> next_condition(const Graph& body) {
  if (body.outputs()[0] == body.inputs()[1]) return true;
  return known_condition(body, body.outputs()[0]);
}

std::optional<int64_t> loop_trips(const Graph& graph, const Node& node, std::string* why) {
  const auto count = trip_count(graph, node);
  const auto begins = known_condition(graph, node.inputs[1]);
  if ((count && *count <= 0) || (begins && !*begins)) return 0;
  if (!begins) return unknown(why, "whether it begins is decided while running");
  const auto goes_on = next_condition(node.subgraphs[0]);
  if (!goes_on) return unknown(why, "its condition is computed in the body");
  if (!*goes_on && count) return 1;
  if (!count) return unknown(why, "its trip count is computed while running");
  if (node.inputs[0] == no_value) return unknown(why, "it never ends");
  return count;
}

// The number of slices of a scanned input.
std::optional<int64_t> slices(const Graph& graph, const Node& node, const LoopShape& shape,
                              size_t i) {
  const auto axes =
      node.attributes.integers("scan_input_axes", std::vector<int64_t>(shape.scan_inputs, 0));
  const ValueType& type = graph.type(node.inputs[shape.states + i]);
  if (!type.has_rank()) return std::nullopt;
  const Dim& dim = type.dims->at(axes.at(i) < 0 ? axes[i] + type.rank() : axes[i]);
  if (!dim.is_constant()) return std::nullopt;
  return dim.constant();
}

std::optional<int64_t> scan_trips(const Graph& graph, const Node& node, std::string* why) {
  const LoopShape shape = LoopShape::of(node);
  const auto first = slices(graph, node, shape, 0);
  for (size_t i = 0; i < shape.scan_inputs; ++i) {
    const auto count = slices(graph, node, shape, i);
    if (!count) return unknown(why, "the length of what it scans is not known");
    if (count != first) return unknown(why, "what it scans differs in length");
  }
  return first;
}

}  // namespace

std::optional<bool> known_condition(const Graph& graph, ValueId id) {
  return id == no_value ? true : known_condition(graph.value(id));
}

std::optional<int64_t> known_trips(const Graph& graph, const Node& node, std::string* why) {
  return node.op == "Loop" ? loop_trips(graph, node, why) : scan_trips(graph, node, why);
}

bool surely_runs(const Graph& graph, const Node& node) {
  if (node.op == "Scan") return scan_trips(graph, node, nullptr).value_or(0) > 0;
  return trip_count(graph, node).value_or(0) > 0 &&
         known_condition(graph, node.inputs[1]).value_or(false);
}

}  // namespace cermet
