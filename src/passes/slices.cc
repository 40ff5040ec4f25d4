#include "passes/slices.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "passes/match.h"

namespace cermet {

std::optional<std::vector<SlicedAxis>> sliced_axes(const Graph& graph, const Node& node) {
  if (!node.is("Slice") || !graph.type(node.inputs[0]).has_rank()) return std::nullopt;
  const auto starts = known_integers(graph, node.input(1)),
             ends = known_integers(graph, node.input(2));
  if (!starts || !ends || starts->size() != ends->size()) return std::nullopt;
  std::vector<int64_t> all(starts->size());
  std::iota(all.begin(), all.end(), 0);
  const auto given = [&](size_t i, std::vector<int64_t> otherwise) {
    return node.input(i) == no_value ? std::optional(std::move(otherwise))
                                     : known_integers(graph, node.input(i));
  };
  const auto axes = given(3, all), steps = given(4, std::vector<int64_t>(all.size(), 1));
  if (!axes || !steps) return std::nullopt;
  const int rank = graph.type(node.inputs[0]).rank();
  std::vector<SlicedAxis> result;
  for (size_t i = 0; i < all.size(); ++i)
    result.push_back(
        {(*axes)[i] < 0 ? (*axes)[i] + rank : (*axes)[i], (*starts)[i], (*ends)[i], (*steps)[i]});
  return result;
}

AxisRange range_of(const SlicedAxis& slice, int64_t size) {
  const bool forward = slice.step > 0;
  const auto within = [&](int64_t bound, int64_t low) {
    return std::clamp(bound < 0 ? bound + size : bound, low,
                      std::max(forward ? size : size - 1, low));
  };
  AxisRange range{within(slice.start, 0), slice.step, 0};
  const int64_t end = within(slice.end, forward ? 0 : -1);
  const int64_t span = forward ? end - range.start : range.start - end;
  const int64_t stride = forward ? slice.step : -slice.step;
  if (span > 0 && size > 0) range.count = (span - 1) / stride + 1;
  if (range.count == 0) return {0, 1, 0};
  if (range.count == 1) range.step = 1;
  return range;
}

SlicedAxis slice_of(int64_t axis, const AxisRange& range) {
  if (range.count == 0) return {axis, 0, 0, 1};
  const int64_t last = range.last();
  if (range.step > 0) return {axis, range.start, last + 1, range.step};
  // An end of -1 would count from the back.
  return {axis, range.start, last == 0 ? std::numeric_limits<int64_t>::min() : last - 1,
          range.step};
}

ValueId add_slice(Patch& patch, ValueId value, const std::vector<SlicedAxis>& axes, Origin origin) {
  const auto column = [&](int64_t SlicedAxis::* part) {
    std::vector<int64_t> numbers;
    for (const SlicedAxis& axis : axes) numbers.push_back(axis.*part);
    return patch.constant(
        Tensor::from(ElementType::int64, {static_cast<int64_t>(numbers.size())}, numbers));
  };
  Node node;
  node.op = "Slice";
  node.origin = std::move(origin);
  node.inputs = {value, column(&SlicedAxis::start), column(&SlicedAxis::end),
                 column(&SlicedAxis::axis), column(&SlicedAxis::step)};
  return patch.add(std::move(node));
}

}  // namespace cermet
