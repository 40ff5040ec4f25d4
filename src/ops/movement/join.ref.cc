#include "ops/movement/join.ref.h"

#include "ops/movement/shape_values.ref.h"

namespace cermet {
namespace {

// The first input whose rank is known gives the rank; all known sizes off the axis are merged.
struct Joined {
  std::optional<Dims> dims;
  bool all_known = true;  // every input's rank
};

Joined join_dims(InferContext& context, int64_t axis_value) {
  Joined joined;
  for (size_t i = 0; i < context.input_count(); ++i) {
    context.require(context.element(i) == context.element(0),
                    "input {}: expected elements of type {}, got {}", i, name(context.element(0)),
                    name(context.element(i)));
    if (!context.has_rank(i)) {
      joined.all_known = false;
      continue;
    }
    const Dims& dims = context.dims(i);
    if (!joined.dims) {
      joined.dims = dims;
      continue;
    }
    context.require(dims.size() == joined.dims->size(), "input {}: expected {} dimensions, got {}",
                    i, joined.dims->size(), to_string(dims));
    const size_t axis = context.axis(axis_value, static_cast<int>(dims.size()));
    for (size_t d = 0; d < dims.size(); ++d)
      (*joined.dims)[d] = d == axis ? (*joined.dims)[d] + dims[d]
                                    : merge_sizes(context, (*joined.dims)[d], dims[d]);
  }
  return joined;
}

std::optional<Dims> joined_contents(const InferContext& context) {
  Dims all;
  for (size_t i = 0; i < context.input_count(); ++i) {
    const auto contents = shape_values(context, i);
    if (!contents) return std::nullopt;
    all.insert(all.end(), contents->begin(), contents->end());
  }
  return all;
}

// Sizes of the first `wanted` of `count` equal pieces, the last one smaller.
Dims even_pieces(const InferContext& context, const Dim& size, int64_t count, int64_t wanted) {
  if (auto piece = exact_div(size, count)) return Dims(wanted, *piece);
  const Dim piece = ceil_div(size, count);
  const Dim last = size - piece * (count - 1);
  context.require(!always_negative(last), "{} elements do not make {} pieces", size.to_string(),
                  count);
  Dims pieces(wanted, piece);
  if (wanted == count) pieces.back() = last;
  return pieces;
}

std::optional<Dims> piece_sizes(InferContext& context, const Dim& size) {
  const auto count = static_cast<int64_t>(context.output_count());
  if (context.has_input(1)) {
    auto sizes = shape_values(context, 1);
    if (!sizes) return std::nullopt;
    context.require(static_cast<int64_t>(sizes->size()) == count,
                    "split: expected {} sizes, one an output, got {}", count, sizes->size());
    Dim sum;
    for (const Dim& piece : *sizes) {
      context.require(!always_negative(piece), "split: expected sizes of at least 0, got {}",
                      to_string(*sizes));
      sum = sum + piece;
    }
    context.require(!sum.is_constant() || !size.is_constant() || sum == size,
                    "split: sizes {} do not add up to {}", to_string(*sizes), size.to_string());
    return sizes;
  }
  const int64_t wanted = context.attributes().integer("num_outputs", count);
  context.require(wanted >= count && wanted > 0, "num_outputs: expected {}, one an output, got {}",
                  count, wanted);
  return even_pieces(context, size, wanted, count);
}

void set_split_contents(InferContext& context, const Dims& sizes) {
  const auto contents = shape_values(context, 0);
  if (!contents || !all_constant(sizes)) return;
  size_t next = 0;
  for (size_t i = 0; i < context.output_count(); ++i) {
    const auto count = static_cast<size_t>(sizes[i].constant());
    context.set_contents(i, Dims(contents->begin() + static_cast<int64_t>(next),
                                 contents->begin() + static_cast<int64_t>(next + count)));
    next += count;
  }
}

}  // namespace

void infer_concat(InferContext& context) {
  const int64_t axis = context.attributes().integer("axis");
  context.require(context.input_count() > 0, "expected at least one input");
  Joined joined = join_dims(context, axis);
  if (!joined.dims) return context.set_output_rank_unknown(0, context.element(0));
  const int at = context.axis(axis, static_cast<int>(joined.dims->size()));
  if (!joined.all_known) (*joined.dims)[at] = context.new_dim();
  const bool is_vector = joined.dims->size() == 1;
  context.set_output(0, context.element(0), std::move(*joined.dims));
  if (!is_vector || !joined.all_known) return;
  if (auto contents = joined_contents(context)) set_shape_values(context, 0, std::move(*contents));
}

void copy_into(const ConstTensorView& part, const TensorView& whole, size_t axis, int64_t start) {
  const auto strides = row_major_strides(whole.shape);
  copy_strided(part.shape, part, {0, row_major_strides(part.shape)}, whole,
               {start * strides[axis], strides});
}

void copy_out_of(const ConstTensorView& whole, const TensorView& part, size_t axis, int64_t start) {
  const auto strides = row_major_strides(whole.shape);
  copy_strided(whole, {start * strides[axis], strides}, part);
}

void evaluate_concat(EvalContext& context) {
  const TensorView out = context.output(0);
  const int axis = context.axis(context.attributes().integer("axis"), out.shape.size());
  int64_t start = 0;
  for (size_t i = 0; i < context.input_count(); ++i) {
    const ConstTensorView& part = context.input(i);
    copy_into(part, out, axis, start);
    start += part.shape[axis];
  }
}

void infer_split(InferContext& context) {
  const ElementType element = context.element(0);
  if (!context.has_rank(0)) {
    for (size_t i = 0; i < context.output_count(); ++i) context.set_output_rank_unknown(i, element);
    return;
  }
  Dims dims = context.dims(0);
  const int axis = context.axis(context.attributes().integer("axis", 0), context.rank(0));
  const auto sizes = piece_sizes(context, dims[axis]);
  for (size_t i = 0; i < context.output_count(); ++i) {
    dims[axis] = sizes ? (*sizes)[i] : context.new_dim();
    context.set_output(i, element, dims);
  }
  if (sizes && dims.size() == 1) set_split_contents(context, *sizes);
}

void evaluate_split(EvalContext& context) {
  const ConstTensorView& in = context.input(0);
  const int axis = context.axis(context.attributes().integer("axis", 0), in.shape.size());
  int64_t start = 0;
  for (size_t i = 0; i < context.output_count(); ++i) {
    if (context.wants_output(i)) copy_out_of(in, context.output(i), axis, start);
    start += context.inferred(i).dims->at(axis).constant();
  }
}

}  // namespace cermet
