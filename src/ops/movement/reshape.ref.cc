#include "ops/movement/reshape.ref.h"

#include <algorithm>

#include "ops/movement/shape_values.ref.h"

namespace cermet {
namespace {

// Product, or 1 for none; the parts of a flattened shape.
Dim product_of(const Dims& dims, size_t first, size_t last) {
  return product(Dims(dims.begin() + first, dims.begin() + last));
}

std::pair<int, int> shape_slice(const Attributes& attributes, int rank) {
  const auto clamp = [rank](int64_t at) {
    return static_cast<int>(std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank));
  };
  const int start = clamp(attributes.integer("start", 0));
  const int end = clamp(attributes.integer("end", rank));
  return {start, std::max(start, end)};
}

void set_reshaped(InferContext& context, Dims dims) {
  const bool is_vector = dims.size() <= 1;
  context.set_output(0, context.element(0), std::move(dims));
  if (!is_vector) return;
  if (auto contents = shape_values(context, 0)) context.set_contents(0, std::move(*contents));
}

// The size that -1 stands for. Sizes copied from the input cancel, so that one of them may be 0.
Dim inferred_size(const InferContext& context, const Dims& rest_of_input, const Dims& stated) {
  const Dim total = product(rest_of_input);
  const Dim others = product(stated);
  context.require(!others.is_constant(0), "a size of -1 beside a size of 0 stands for no number");
  if (auto quotient = exact_div(total, others)) return *quotient;
  context.require(!total.is_constant() || !others.is_constant(),
                  "{} elements do not divide into groups of {}", total.to_string(),
                  others.to_string());
  return floor_div(total, others);
}

struct Target {
  Dims dims;                      // as wanted, the inferred one as 0
  std::optional<size_t> unknown;  // the position of -1
  Dims stated;                    // sizes not copied from the input
  std::vector<bool> copied;       // by dimension of the input
};

Target read_target(InferContext& context, const Dims& wanted) {
  const bool known = context.has_rank(0);
  const bool zero_is_size = context.attributes().integer("allowzero", 0) != 0;
  Target target;
  target.copied.assign(known ? context.rank(0) : 0, false);
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].is_constant(-1)) {
      context.require(!target.unknown, "at most one size may be -1, got {}", to_string(wanted));
      target.unknown = i;
      target.dims.emplace_back(0);
    } else if (wanted[i].is_constant(0) && !zero_is_size) {
      context.require(!known || i < target.copied.size(),
                      "size {} is to be copied from an input of only {} dimensions", i,
                      target.copied.size());
      if (known) target.copied[i] = true;
      target.dims.push_back(known ? context.dims(0)[i] : context.new_dim());
    } else {
      context.require(!always_negative(wanted[i]), "expected sizes of at least -1, got {}",
                      to_string(wanted));
      target.dims.push_back(wanted[i]);
      target.stated.push_back(wanted[i]);
    }
  }
  return target;
}

Dims reshaped(InferContext& context, const Dims& wanted) {
  Target target = read_target(context, wanted);
  if (!context.has_rank(0)) {
    if (target.unknown) target.dims[*target.unknown] = context.new_dim();
    return target.dims;
  }
  const Dims& input = context.dims(0);
  if (target.unknown) {
    Dims rest;
    for (size_t d = 0; d < input.size(); ++d)
      if (!target.copied[d]) rest.push_back(input[d]);
    target.dims[*target.unknown] = inferred_size(context, rest, target.stated);
  }
  const Dim from = product(input);
  const Dim to = product(target.dims);
  context.require(!from.is_constant() || !to.is_constant() || from == to,
                  "an input of shape {} does not have the elements of {}", to_string(input),
                  to_string(target.dims));
  return target.dims;
}

// Which dimensions `axes` names, out of `rank`; each at most once.
std::vector<bool> marked(const InferContext& context, const std::vector<int64_t>& axes, int rank) {
  std::vector<bool> marks(rank, false);
  for (int64_t value : axes) {
    const int axis = context.axis(value, rank, "axes");
    context.require(!marks[axis], "axes: dimension {} is named twice", axis);
    marks[axis] = true;
  }
  return marks;
}

}  // namespace

void infer_shape(InferContext& context) {
  if (!context.has_rank(0)) return context.set_output(0, ElementType::int64, {context.new_dim()});
  const Dims& dims = context.dims(0);
  const auto [start, end] = shape_slice(context.attributes(), context.rank(0));
  context.set_output(0, ElementType::int64, {end - start});
  context.set_contents(0, Dims(dims.begin() + start, dims.begin() + end));
}

void infer_size(InferContext& context) {
  context.set_output(0, ElementType::int64, {});
  if (context.has_rank(0)) context.set_contents(0, {product(context.dims(0))});
}

void infer_reshape(InferContext& context) {
  if (auto wanted = shape_values(context, 1))
    return set_reshaped(context, reshaped(context, *wanted));
  if (auto length = known_length(context, 1))
    return context.set_output_rank(0, context.element(0), *length);
  context.set_output_rank_unknown(0, context.element(0));
}

void infer_flatten(InferContext& context) {
  if (!context.has_rank(0)) return context.set_output_rank(0, context.element(0), 2);
  const Dims& dims = context.dims(0);
  const int64_t value = context.attributes().integer("axis", 1);
  const int axis =
      value == context.rank(0) ? context.rank(0) : context.axis(value, context.rank(0));
  context.set_output(0, context.element(0),
                     {product_of(dims, 0, axis), product_of(dims, axis, dims.size())});
}

void infer_squeeze(InferContext& context) {
  const auto axes = context.integers(1);
  const bool all = !context.has_input(1);
  if (!context.has_rank(0) || (!all && !axes))
    return context.set_output_rank_unknown(0, context.element(0));
  const Dims& dims = context.dims(0);
  // Which dimensions go depends on sizes that are not known.
  if (all && !all_constant(dims)) return context.set_output_rank_unknown(0, context.element(0));
  std::vector<bool> gone(dims.size());
  if (all)
    for (size_t d = 0; d < dims.size(); ++d) gone[d] = dims[d].is_constant(1);
  else
    gone = marked(context, *axes, context.rank(0));
  Dims result;
  for (size_t d = 0; d < dims.size(); ++d) {
    context.require(!gone[d] || !dims[d].is_constant() || dims[d].is_constant(1),
                    "dimension {} of {} is not of size 1", d, to_string(dims));
    if (!gone[d]) result.push_back(dims[d]);
  }
  set_reshaped(context, std::move(result));
}

void infer_unsqueeze(InferContext& context) {
  const auto axes = context.integers(1);
  const auto added = known_length(context, 1);
  if (!context.has_rank(0) || (!axes && !added))
    return context.set_output_rank_unknown(0, context.element(0));
  const Dims& dims = context.dims(0);
  if (!axes) return context.set_output_rank(0, context.element(0), context.rank(0) + *added);
  const int rank = context.rank(0) + static_cast<int>(axes->size());
  const std::vector<bool> fresh = marked(context, *axes, rank);
  Dims result;
  size_t next = 0;
  for (int d = 0; d < rank; ++d) result.push_back(fresh[d] ? Dim(1) : dims[next++]);
  set_reshaped(context, std::move(result));
}

void evaluate_shape(EvalContext& context) {
  const Shape& shape = context.input(0).shape;
  const auto [start, end] = shape_slice(context.attributes(), static_cast<int>(shape.size()));
  const TensorView out = context.output(0, ElementType::int64, {end - start});
  std::copy(shape.begin() + start, shape.begin() + end, out.as<int64_t>());
}

void evaluate_size(EvalContext& context) {
  *context.output(0, ElementType::int64, {}).as<int64_t>() = context.input(0).elements();
}

void evaluate_reshape(EvalContext& context) {
  const ConstTensorView& in = context.input(0);
  const TensorView out = context.output(0);
  context.require(in.elements() == out.elements(), "{} does not have the elements of {}",
                  to_string(in.shape), to_string(out.shape));
  copy_elements(in, 0, out, 0, in.elements());
}

}  // namespace cermet
