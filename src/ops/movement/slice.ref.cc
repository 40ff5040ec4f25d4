#include "ops/movement/slice.ref.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "ops/movement/shape_values.ref.h"
#include "ops/movement/strided_copy.ref.h"

namespace cermet {
namespace {

// Exporters write the end of an unknown size as the largest number of 32 or 64 bits.
constexpr int64_t far_away = std::numeric_limits<int32_t>::max();

bool is_near(const Dim& bound) {
  return bound.is_constant() && bound.constant() > -far_away && bound.constant() < far_away;
}

Dim not_below_zero(const Dim& value) { return never_negative(value) ? value : max(value, 0); }

// A start or end inside a dimension of that size, by the rules of Slice; nothing when its sign
// is not known. [low, size + high] is where it is clamped to;
// low is 0 or -1.
std::optional<Dim> clamp_bound(const Dim& bound, const Dim& size, int64_t low, int64_t high) {
  Dim top = size + high;
  if (bound.is_constant() && !size.is_constant()) {
    if (bound.constant() >= far_away) return top;
    if (bound.constant() <= -far_away) return Dim(low);
    if (bound.is_constant(0) && high == 0) return Dim(0);  // no size is below 0
    if (bound.is_constant(-1) && high == -1) return top;
  }
  if (never_negative(bound)) return bound == size ? top : min(bound, top);
  if (always_negative(bound)) return min(max(bound + size, low), top);
  return std::nullopt;
}

// As clamp_bound with low 0 and high 0, in the shortest form.
std::optional<Dim> clamp_forward(const Dim& bound, const Dim& size) {
  if (!size.is_constant() && is_near(bound)) {
    if (bound.constant() > 0) return min(bound, size);
    if (bound.constant() < 0) return max(size + bound, 0);
  }
  return clamp_bound(bound, size, 0, 0);
}

std::optional<Dim> forward_length(const Dim& start, const Dim& end, const Dim& size, int64_t step) {
  const bool to_the_end = (end.is_constant() && end.constant() >= far_away) || end == size;
  // max(size - start, 0) and min(size, -start) say the same more plainly than the clamped bounds.
  if (to_the_end && !size.is_constant() && is_near(start)) {
    if (start.constant() > 0) return ceil_div(max(size - start, 0), step);
    if (start.constant() < 0) return ceil_div(min(size, Dim(-start.constant())), step);
  }
  const auto first = clamp_forward(start, size);
  const auto last = clamp_forward(end, size);
  if (!first || !last) return std::nullopt;
  if (first->is_constant(0)) return ceil_div(*last, step);
  return ceil_div(not_below_zero(*last - *first), step);
}

std::optional<Dim> backward_length(const Dim& start, const Dim& end, const Dim& size,
                                   int64_t step) {
  const auto first = clamp_bound(start, size, 0, -1);
  const auto last = clamp_bound(end, size, -1, -1);
  if (!first || !last) return std::nullopt;
  return ceil_div(not_below_zero(*first - *last), -step);
}

struct SliceAxis {
  int axis = 0;
  int64_t start = 0;
  int64_t end = 0;
  int64_t step = 1;
};

// The step of each of `count` axes; nothing when unknown.
std::optional<std::vector<int64_t>> steps_of(const InferContext& context, size_t count) {
  if (!context.has_input(4)) return std::vector<int64_t>(count, 1);
  auto steps = context.integers(4);
  if (!steps) return std::nullopt;
  context.require(steps->size() == count, "steps: expected {} numbers, got {}", count,
                  steps->size());
  for (int64_t step : *steps)
    context.require(step != 0 && step != std::numeric_limits<int64_t>::min(),
                    "steps: {} is not a step", step);
  return steps;
}

std::optional<std::vector<int64_t>> axes_of(const InferContext& context, size_t count) {
  std::vector<int64_t> axes(count);
  std::iota(axes.begin(), axes.end(), 0);
  if (context.has_input(3)) {
    const auto given = context.integers(3);
    if (!given) return std::nullopt;
    context.require(given->size() == count, "axes: expected {} numbers, got {}", count,
                    given->size());
    axes = *given;
  }
  std::vector<bool> seen(context.rank(0), false);
  for (int64_t& axis : axes) {
    axis = context.axis(axis, context.rank(0), "axes");
    context.require(!seen[axis], "axes: dimension {} is named twice", axis);
    seen[axis] = true;
  }
  return axes;
}

std::optional<size_t> slice_count(const InferContext& context) {
  for (size_t input : {1, 2, 3, 4})
    if (context.has_input(input))
      if (auto length = known_length(context, input)) return static_cast<size_t>(*length);
  return std::nullopt;
}

// Where the elements of a sliced dimension begin.
int64_t first_index(int64_t start, int64_t size, int64_t step) {
  if (start < 0) start = start < -size ? 0 : start + size;
  return std::clamp<int64_t>(start, 0, std::max<int64_t>(step < 0 ? size - 1 : size, 0));
}

void set_sliced_contents(InferContext& context, const Dims& dims, const Dim& start, int64_t step) {
  const auto contents = shape_values(context, 0);
  if (!contents || dims.size() != 1 || !dims[0].is_constant() || !start.is_constant()) return;
  const int64_t at = first_index(start.constant(), static_cast<int64_t>(contents->size()), step);
  Dims elements;
  for (int64_t i = 0; i < dims[0].constant(); ++i) elements.push_back((*contents)[at + i * step]);
  context.set_contents(0, std::move(elements));
}

}  // namespace

void infer_slice(InferContext& context) {
  const ElementType element = context.element(0);
  if (!context.has_rank(0)) return context.set_output_rank_unknown(0, element);
  const auto count = slice_count(context);
  const auto axes = count ? axes_of(context, *count) : std::nullopt;
  const auto steps = count ? steps_of(context, *count) : std::nullopt;
  if (!axes) return context.set_output_rank(0, element, context.rank(0));
  const auto starts = shape_values(context, 1);
  const auto ends = shape_values(context, 2);
  for (const auto* bounds : {&starts, &ends})
    context.require(!*bounds || (*bounds)->size() == *count,
                    "expected as many starts and ends as axes, {}", *count);
  Dims dims = context.dims(0);
  for (size_t i = 0; i < *count; ++i) {
    Dim& size = dims[(*axes)[i]];
    std::optional<Dim> length;
    if (starts && ends && steps)
      length = (*steps)[i] > 0 ? forward_length((*starts)[i], (*ends)[i], size, (*steps)[i])
                               : backward_length((*starts)[i], (*ends)[i], size, (*steps)[i]);
    size = length ? *length : context.new_dim();
  }
  context.set_output(0, element, dims);
  if (starts && steps && *count == 1) set_sliced_contents(context, dims, (*starts)[0], (*steps)[0]);
}

void evaluate_slice(EvalContext& context) {
  const ConstTensorView& in = context.input(0);
  const TensorView out = context.output(0);  // inference has checked the inputs
  const auto starts = context.integers(1);
  Walk read{0, row_major_strides(in.shape)};
  const auto axes = context.has_input(3) ? context.integers(3) : std::vector<int64_t>();
  const auto steps = context.has_input(4) ? context.integers(4) : std::vector<int64_t>();
  for (size_t i = 0; i < starts.size(); ++i) {
    const auto axis = axes.empty() ? i : context.axis(axes[i], in.shape.size());
    const int64_t step = steps.empty() ? 1 : steps[i];
    if (out.shape[axis] == 0) return;
    read.offset += first_index(starts[i], in.shape[axis], step) * read.strides[axis];
    // A single element is never stepped over: its step may be too large to multiply.
    if (out.shape[axis] > 1) read.strides[axis] *= step;
  }
  copy_strided(in, std::move(read), out);
}

}  // namespace cermet
