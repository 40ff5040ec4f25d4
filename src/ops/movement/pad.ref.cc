#include <algorithm>
#include <numeric>

#include "ops/movement/shape_values.ref.h"
#include "ops/movement/slice.ref.h"
#include "ops/movement/strided_copy.ref.h"

namespace cermet {
namespace {

// The dimensions that an operator names by an optional list; each at most once.
std::vector<int> named_axes(const InferContext& context, std::optional<std::vector<int64_t>> given,
                            int rank) {
  std::vector<int> axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  if (!given) return axes;
  axes.clear();
  std::vector<bool> seen(rank, false);
  for (int64_t value : *given) {
    const int axis = context.axis(value, rank, "axes");
    context.require(!seen[axis], "axes: dimension {} is named twice", axis);
    seen[axis] = true;
    axes.push_back(axis);
  }
  return axes;
}

void check_pad(const InferContext& context) {
  const std::string mode = context.attributes().text("mode", "constant");
  context.require(mode == "constant" || mode == "reflect" || mode == "edge" || mode == "wrap",
                  "mode: expected constant, reflect, edge or wrap, got {}", mode);
  context.require(!context.has_input(2) || context.element(2) == context.element(0),
                  "constant_value: expected an element of type {}", name(context.element(0)));
}

// For each index of a padded dimension the index it is read from; -1 where the constant goes.
// Negative pads crop first, and the margins repeat what is left.
std::vector<int64_t> padded_sources(const EvalContext& context, int64_t size, int64_t before,
                                    int64_t result, std::string_view mode) {
  const int64_t after = result - size - before;
  const int64_t first = std::max<int64_t>(0, -before);
  const int64_t kept = size - first - std::max<int64_t>(0, -after);
  std::vector<int64_t> sources(result);
  for (int64_t i = 0; i < result; ++i) {
    int64_t at = i - std::max<int64_t>(0, before);
    if (at < 0 || at >= kept) {
      context.require(kept > 0 || mode == "constant",
                      "mode {} has nothing to repeat in a dimension of size {}", mode, kept);
      if (mode == "constant") {
        sources[i] = -1;
        continue;
      }
      if (mode == "edge") at = at < 0 ? 0 : kept - 1;
      if (mode == "wrap") at = (at % kept + kept) % kept;
      if (mode == "reflect") {
        const int64_t period = std::max<int64_t>(1, 2 * (kept - 1));
        at = (at % period + period) % period;
        if (at >= kept) at = period - at;
      }
    }
    sources[i] = first + at;
  }
  return sources;
}

// Runs over the rows of the result (all dimensions but the last).
void copy_padded(const ConstTensorView& in, const TensorView& out,
                 const std::vector<std::vector<int64_t>>& sources, const ConstTensorView& fill) {
  const auto strides = row_major_strides(in.shape);
  const size_t last = out.shape.size() - 1;
  const Shape outer(out.shape.begin(), out.shape.end() - 1);
  const auto& row = sources[last];
  for_each_index(outer, [&](const std::vector<int64_t>& index, int64_t number) {
    int64_t base = 0;
    bool outside = false;
    for (size_t d = 0; d < last; ++d) {
      outside |= sources[d][index[d]] < 0;
      base += sources[d][index[d]] * strides[d];
    }
    const int64_t to = number * out.shape[last];
    if (outside) return fill_elements(out, to, out.shape[last], fill);
    for (size_t i = 0; i < row.size();) {  // runs of neighbours
      size_t end = i + 1;
      const bool constant = row[i] < 0;
      while (end < row.size() && row[end] == (constant ? -1 : row[end - 1] + 1)) ++end;
      const auto count = static_cast<int64_t>(end - i);
      if (constant)
        fill_elements(out, to + static_cast<int64_t>(i), count, fill);
      else
        copy_elements(in, base + row[i], out, to + static_cast<int64_t>(i), count);
      i = end;
    }
  });
}

// A margin that reflects has each element at most once: what is beyond the far edge is not there
// to be repeated.
void check_reflection(const InferContext& context, const Dim& size, const Dim& before,
                      const Dim& after) {
  if (!size.is_constant() || !before.is_constant() || !after.is_constant()) return;
  const int64_t kept = size.constant() + std::min<int64_t>(0, before.constant()) +
                       std::min<int64_t>(0, after.constant());
  for (const int64_t pad : {before.constant(), after.constant()})
    context.require(pad <= std::max<int64_t>(0, kept - 1),
                    "pads: mode reflect can add at most {} to each end of a dimension of size {}, "
                    "got {}",
                    std::max<int64_t>(0, kept - 1), kept, pad);
}

}  // namespace

void infer_pad(InferContext& context) {
  check_pad(context);
  context.require(context.has_input(1), "the pads are missing");
  if (!context.has_rank(0)) return context.set_output_rank_unknown(0, context.element(0));
  const bool axes_known = !context.has_input(3) || context.integers(3);
  const auto pads = shape_values(context, 1);
  if (!axes_known || !pads) return context.set_output_rank(0, context.element(0), context.rank(0));
  const auto given = context.has_input(3) ? context.integers(3) : std::nullopt;
  const auto axes = named_axes(context, given, context.rank(0));
  context.require(pads->size() == 2 * axes.size(), "pads: expected {} numbers, got {}",
                  2 * axes.size(), pads->size());
  for (const Dim& pad : *pads)
    context.require(!pad.is_constant() || std::abs(pad.constant() / 2) < (int64_t{1} << 60),
                    "pads: {} is too large", pad.to_string());
  Dims dims = context.dims(0);
  for (size_t i = 0; i < axes.size(); ++i) {
    Dim& size = dims[axes[i]];
    if (context.attributes().text("mode", "constant") == "reflect")
      check_reflection(context, size, (*pads)[i], (*pads)[i + axes.size()]);
    size = size + (*pads)[i] + (*pads)[i + axes.size()];
    context.require(!size.is_constant() || size.constant() >= 0,
                    "pads: {} takes more from a dimension than it has", to_string(*pads));
  }
  context.set_output(0, context.element(0), std::move(dims));
}

void evaluate_pad(EvalContext& context) {
  const ConstTensorView& in = context.input(0);
  const TensorView out = context.output(0);
  const std::string mode = context.attributes().text("mode", "constant");
  const size_t rank = in.shape.size();
  const auto pads = context.integers(1);
  std::vector<int64_t> before(rank, 0);
  const auto axes = context.has_input(3) ? context.integers(3) : std::vector<int64_t>();
  const size_t count = pads.size() / 2;
  for (size_t i = 0; i < count; ++i)
    before[context.has_input(3) ? context.axis(axes[i], rank) : i] = pads[i];
  Tensor zero(in.type, {});
  const bool has_fill = context.has_input(2) && context.input(2).elements() > 0;
  const ConstTensorView fill = has_fill ? context.input(2) : std::as_const(zero).view();
  std::vector<std::vector<int64_t>> sources;
  for (size_t d = 0; d < rank; ++d)
    sources.push_back(padded_sources(context, in.shape[d], before[d], out.shape[d], mode));
  if (rank == 0) return copy_elements(in, 0, out, 0, 1);
  if (out.elements() > 0) copy_padded(in, out, sources, fill);
}

void infer_center_crop_pad(InferContext& context) {
  if (!context.has_rank(0)) return context.set_output_rank_unknown(0, context.element(0));
  std::optional<std::vector<int64_t>> given;
  if (context.attributes().has("axes")) given = context.attributes().integers("axes");
  const auto axes = named_axes(context, given, context.rank(0));
  const auto sizes = shape_values(context, 1);
  Dims dims = context.dims(0);
  context.require(!sizes || sizes->size() == axes.size(), "shape: expected {} sizes, got {}",
                  axes.size(), sizes ? sizes->size() : 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    dims[axes[i]] = sizes ? (*sizes)[i] : context.new_dim();
    context.require(!always_negative(dims[axes[i]]), "shape: expected sizes of at least 0, got {}",
                    dims[axes[i]].to_string());
  }
  context.set_output(0, context.element(0), std::move(dims));
}

void evaluate_center_crop_pad(EvalContext& context) {
  const ConstTensorView& in = context.input(0);
  const TensorView out = context.output(0);
  fill_zero(out);
  Shape common;
  Walk read{0, row_major_strides(in.shape)};
  Walk write{0, row_major_strides(out.shape)};
  for (size_t d = 0; d < in.shape.size(); ++d) {
    const int64_t difference = out.shape[d] - in.shape[d];
    common.push_back(std::min(in.shape[d], out.shape[d]));
    if (difference > 0)
      write.offset += difference / 2 * write.strides[d];
    else
      read.offset += -difference / 2 * read.strides[d];
  }
  copy_strided(common, in, std::move(read), out, std::move(write));
}

}  // namespace cermet
