// A Loop or Scan of few iterations is its body several times in a row.
#include <algorithm>

#include "base/error.h"
#include "base/scalar.h"
#include "ops/infer_control.h"
#include "passes/passes.h"
#include "passes/straight_line.h"
#include "passes/trips.h"

namespace cermet {
namespace {

constexpr int64_t most_trips = 16;
constexpr int64_t most_nodes = 512;  // of all copies of the body

int64_t nodes_of(const Graph& graph) {
  int64_t count = 0;
  for (NodeId id : graph.order()) {
    ++count;
    for (const Graph& body : graph.node(id).subgraphs) count += nodes_of(body);
  }
  return count;
}

// The types of the slices that are stacked.
std::vector<ValueType> slice_types(const Node& node, const LoopShape& shape) {
  const Graph& body = node.subgraphs[0];
  std::vector<ValueType> types;
  for (size_t i = body.outputs().size() - shape.scan_outputs; i < body.outputs().size(); ++i)
    types.push_back(body.type(body.outputs()[i]));
  return types;
}

// The iterations of a loop that may be unrolled.
std::optional<int64_t> few_trips(const Graph& graph, const Node& node, std::string* why) {
  const auto trips = known_trips(graph, node, why);
  if (!trips) return std::nullopt;
  const int64_t nodes = nodes_of(node.subgraphs[0]);
  const auto within_limits = [&] {
    if (*trips > most_trips)
      return refuse(why, "the loop makes {} trips, more than {}", *trips, most_trips);
    if (*trips * nodes > most_nodes)
      return refuse(why, "{} trips of {} nodes are more than {} nodes", *trips, nodes, most_nodes);
    for (const ValueType& slice : slice_types(node, LoopShape::of(node)))
      if (!slice.has_rank() || (*trips == 0 && !slice.is_static()))
        return refuse(why, "the shape of what it stacks is not known: {}", slice.to_string());
    return true;
  };
  if (!within_limits()) return std::nullopt;
  return trips;
}

class Unrolling {
 public:
  Unrolling(const Graph& graph, NodeId id)
      : line_(graph, id),
        node_(graph.node(id)),
        shape_(LoopShape::of(node_)),
        types_(slice_types(node_, shape_)),
        slices_(shape_.scan_outputs) {}

  std::optional<Patch> run(int64_t trips) {
    const size_t first = node_.op == "Loop" ? 2 : 0, first_result = node_.op == "Loop" ? 1 : 0;
    std::vector<ValueId> states;
    for (size_t i = 0; i < shape_.states; ++i) states.push_back(line_.operand(first + i));
    for (int64_t trip = 0; trip < trips; ++trip) {
      const std::vector<ValueId> results = line_.add_body(
          node_.subgraphs[0], arguments(states, trip, trips), fmt::format(".{}", trip));
      const auto carried = results.begin() + static_cast<int64_t>(first_result);
      std::copy_n(carried, states.size(), states.begin());
      for (size_t i = 0; i < slices_.size(); ++i)
        slices_[i].push_back(results[first_result + states.size() + i]);
    }
    for (size_t i = 0; i < slices_.size(); ++i) states.push_back(stacked(i));
    return line_.replace_node(states);
  }

 private:
  // What the body gets in one iteration.
  std::vector<ValueId> arguments(const std::vector<ValueId>& states, int64_t trip, int64_t trips) {
    std::vector<ValueId> result;
    if (node_.op == "Loop") {
      result = {scalar(ElementType::int64, trip), scalar(ElementType::boolean, 1)};
    }
    result.insert(result.end(), states.begin(), states.end());
    for (size_t i = 0; i < shape_.scan_inputs; ++i) result.push_back(slice(i, trip, trips));
    for (size_t i = node_.inputs.size() - shape_.captured; i < node_.inputs.size(); ++i)
      result.push_back(line_.operand(i));
    return result;
  }

  ValueId scalar(ElementType type, int64_t value) {
    Tensor tensor(type, {});
    store_element<int64_t>(tensor.view(), 0, value);
    return line_.constant(std::move(tensor));
  }

  // Of the i-th scanned input.
  ValueId slice(size_t i, int64_t trip, int64_t trips) {
    const bool backward = direction("scan_input_directions", shape_.scan_inputs, i);
    Attributes attributes;
    attributes.set("axis", axis("scan_input_axes", shape_.scan_inputs, i));
    return line_.add("Gather",
                     {line_.operand(shape_.states + i),
                      scalar(ElementType::int64, backward ? trips - 1 - trip : trip)},
                     std::move(attributes));
  }

  // All slices of the i-th stacked output, along a new dimension.
  ValueId stacked(size_t i) {
    int64_t along = axis("scan_output_axes", shape_.scan_outputs, i);
    if (along < 0) along += types_[i].rank() + 1;
    if (slices_[i].empty()) {
      Shape shape = constants(*types_[i].dims);
      shape.insert(shape.begin() + along, 0);
      return line_.constant(Tensor(types_[i].element, std::move(shape)));
    }
    if (direction("scan_output_directions", shape_.scan_outputs, i))
      std::reverse(slices_[i].begin(), slices_[i].end());
    const ValueId axes =
        line_.constant(Tensor::from(ElementType::int64, {1}, std::vector<int64_t>{along}));
    std::vector<ValueId> parts;
    for (ValueId slice : slices_[i]) parts.push_back(line_.add("Unsqueeze", {slice, axes}, {}));
    if (parts.size() == 1) return parts[0];
    Attributes attributes;
    attributes.set("axis", along);
    return line_.add("Concat", std::move(parts), std::move(attributes));
  }

  int64_t axis(std::string_view name, size_t count, size_t i) const {
    return node_.attributes.integers(name, std::vector<int64_t>(count, 0)).at(i);
  }
  bool direction(std::string_view name, size_t count, size_t i) const {
    return axis(name, count, i) != 0;
  }

  StraightLine line_;
  const Node& node_;
  LoopShape shape_;
  std::vector<ValueType> types_;              // of the slices that are stacked
  std::vector<std::vector<ValueId>> slices_;  // by stacked output
};

}  // namespace

std::vector<Patch> unroll_loops(const Graph& graph) {
  for (NodeId id : graph.order()) {
    if (!is_loop(graph.node(id))) continue;
    const auto trips = few_trips(graph, graph.node(id), nullptr);
    if (!trips) continue;
    try {
      if (auto patch = Unrolling(graph, id).run(*trips)) return {std::move(*patch)};
    } catch (const Error&) {
      continue;  // it fails when it runs, if it runs: it may be in a branch never taken
    }
  }
  return {};
}

void near_unroll_loops(const Graph& graph, NearFusions& near) {
  for (NodeId id : graph.order()) {
    std::string why;
    if (is_loop(graph.node(id)) && !few_trips(graph, graph.node(id), &why) && !why.empty())
      near.add(graph, {id}, why);
  }
}

}  // namespace cermet
