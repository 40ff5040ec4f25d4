// A Slice of a Slice is one Slice; a Slice of a Concat that lies within one operand reads that.
#include <algorithm>

#include "base/error.h"
#include "passes/match.h"
#include "passes/passes.h"
#include "passes/slices.h"

namespace cermet {
namespace {

using Axes = std::vector<SlicedAxis>;

SlicedAxis* find_axis(Axes& axes, int64_t axis) {
  const auto at = std::ranges::find(axes, axis, &SlicedAxis::axis);
  return at == axes.end() ? nullptr : &*at;
}

AxisRange range_within(const AxisRange& outer, const AxisRange& inner) {
  if (inner.count == 0) return inner;
  AxisRange both{outer.start + outer.step * inner.start, 1, inner.count};
  if (inner.count > 1) both.step = outer.step * inner.step;
  return both;
}

// Both slices as one of the first's input.
std::optional<Axes> merged(const Graph& graph, const Node& node, const Node& first,
                           std::string* why) {
  auto axes = sliced_axes(graph, first);
  const auto later = sliced_axes(graph, node);
  if (!axes || !later) {
    refuse(why, "the bounds of a slice are not known");
    return std::nullopt;
  }
  for (const SlicedAxis& slice : *later) {
    SlicedAxis* before = find_axis(*axes, slice.axis);
    if (before == nullptr) {
      axes->push_back(slice);
      continue;
    }
    const Dim& size = (*graph.type(first.inputs[0]).dims)[slice.axis];
    if (!size.is_constant()) {
      refuse(why, "both slice dimension {}, whose size {} is not known", slice.axis,
             size.to_string());
      return std::nullopt;
    }
    const AxisRange outer = range_of(*before, size.constant());
    *before = slice_of(slice.axis, range_within(outer, range_of(slice, outer.count)));
  }
  return axes;
}

struct Part {
  ValueId operand;
  int64_t first;  // where it begins in the whole
};

// The operand of a Concat that holds the whole range.
std::optional<Part> operand_with(const Graph& graph, const Node& concat, int64_t axis,
                                 const AxisRange& range) {
  const int64_t low = std::min(range.start, range.last()),
                high = std::max(range.start, range.last());
  int64_t first = 0;
  for (ValueId operand : concat.inputs) {
    const ValueType& type = graph.type(operand);
    if (!type.has_rank() || !(*type.dims)[axis].is_constant()) return std::nullopt;
    const int64_t size = (*type.dims)[axis].constant();
    if (low >= first && high < first + size) return Part{operand, first};
    first += size;
  }
  return std::nullopt;
}

std::optional<Patch> read_operand(const Graph& graph, NodeId id, const Node& concat) {
  const Node& node = graph.node(id);
  auto axes = sliced_axes(graph, node);
  const ValueType& whole = graph.type(node.inputs[0]);
  if (!axes || !whole.has_rank()) return std::nullopt;
  int64_t axis = concat.attributes.integer("axis");
  if (axis < 0) axis += whole.rank();
  SlicedAxis* slice = find_axis(*axes, axis);
  const Dim& size = (*whole.dims)[axis];
  if (slice == nullptr || !size.is_constant()) return std::nullopt;
  AxisRange range = range_of(*slice, size.constant());
  const auto part = range.count == 0 ? std::nullopt : operand_with(graph, concat, axis, range);
  if (!part) return std::nullopt;
  range.start -= part->first;
  *slice = slice_of(axis, range);
  Patch patch(graph);
  patch.consume(id);
  patch.replace(node.outputs[0], add_slice(patch, part->operand, *axes, node.origin));
  return patch;
}

std::optional<Patch> one_slice(const Graph& graph, NodeId id, const Node& first) {
  const Node& node = graph.node(id);
  const auto axes = merged(graph, node, first, nullptr);
  if (!axes) return std::nullopt;
  Origin origin = first.origin;
  origin.merge(node.origin);
  Patch patch(graph);
  patch.consume(id);
  patch.replace(node.outputs[0], add_slice(patch, first.inputs[0], *axes, std::move(origin)));
  return patch;
}

const Node* before(const Graph& graph, const Node& node, std::string_view op) {
  const Node* first = node.is("Slice") ? graph.producer(node.inputs[0]) : nullptr;
  return first != nullptr && first->is(op) ? first : nullptr;
}

}  // namespace

std::vector<Patch> merge_slices(const Graph& graph) {
  std::vector<Patch> patches;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    std::optional<Patch> patch;
    if (const Node* slice = before(graph, node, "Slice")) patch = one_slice(graph, id, *slice);
    if (const Node* concat = before(graph, node, "Concat"))
      patch = read_operand(graph, id, *concat);
    if (patch) patches.push_back(std::move(*patch));
  }
  return patches;
}

void near_merge_slices(const Graph& graph, NearFusions& near) {
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    const Node* first = before(graph, node, "Slice");
    std::string why;
    if (first != nullptr && !merged(graph, node, *first, &why))
      near.add(graph, {graph.value(node.inputs[0]).producer, id}, std::move(why));
  }
}

}  // namespace cermet
