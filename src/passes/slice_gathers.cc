// A Gather whose indices are constant and evenly spaced is a Slice.
#include "base/error.h"
#include "passes/match.h"
#include "passes/passes.h"
#include "passes/slices.h"

namespace cermet {
namespace {

std::optional<AxisRange> even_range(const std::vector<int64_t>& indices) {
  AxisRange range{indices[0], 1, static_cast<int64_t>(indices.size())};
  if (indices.size() > 1) range.step = indices[1] - indices[0];
  if (range.step == 0) return std::nullopt;
  for (size_t i = 2; i < indices.size(); ++i)
    if (indices[i] - indices[i - 1] != range.step) return std::nullopt;
  return range;
}

// The slice that a Gather of a list takes. An index out of range is an error of Gather and none of
// Slice, so that the size has to be known.
std::optional<SlicedAxis> slice_taken(const Graph& graph, const Node& node, std::string* why) {
  const Tensor* list = node.is("Gather") ? constant_of(graph, node.inputs[1]) : nullptr;
  if (list == nullptr || list->shape().size() != 1 || list->elements() == 0) return std::nullopt;
  const ValueType& type = graph.type(node.inputs[0]);
  if (!type.has_rank()) return std::nullopt;
  int64_t axis = node.attributes.integer("axis", 0);
  if (axis < 0) axis += type.rank();
  const Dim& size = (*type.dims)[axis];
  std::vector<int64_t> indices = load_integers(list->view(), "indices");
  if (!size.is_constant()) {
    refuse(why, "the size {} that is gathered from is not known", size.to_string());
    return std::nullopt;
  }
  for (int64_t& index : indices) {
    if (index < 0) index += size.constant();
    if (index < 0 || index >= size.constant()) return std::nullopt;  // fails when it runs
  }
  const auto range = even_range(indices);
  if (!range) {
    refuse(why, "its indices are not evenly spaced");
    return std::nullopt;
  }
  return slice_of(axis, *range);
}

}  // namespace

std::vector<Patch> slice_gathers(const Graph& graph) {
  std::vector<Patch> patches;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    const auto slice = slice_taken(graph, node, nullptr);
    if (!slice) continue;
    Patch patch(graph);
    patch.consume(id);
    patch.replace(node.outputs[0], add_slice(patch, node.inputs[0], {*slice}, node.origin));
    patches.push_back(std::move(patch));
  }
  return patches;
}

void near_slice_gathers(const Graph& graph, NearFusions& near) {
  for (NodeId id : graph.order()) {
    std::string why;
    if (!slice_taken(graph, graph.node(id), &why) && !why.empty())
      near.add(graph, {id}, std::move(why));
  }
}

}  // namespace cermet
