#include "ops/movement/fill.ref.h"

#include <algorithm>
#include <cmath>

#include "ops/movement/shape_values.ref.h"
#include "ops/movement/strided_copy.ref.h"

namespace cermet {
namespace {

// An element type that an attribute names by its ONNX number.
ElementType element_attribute(const Attributes& attributes, std::string_view attribute,
                              ElementType otherwise) {
  const int64_t value = attributes.integer(attribute, static_cast<int64_t>(otherwise));
  require(value > 0 && value < element_type_count, ErrorCode::invalid_model,
          "{}: {} is not an element type", attribute, value);
  return static_cast<ElementType>(value);
}

// The single number of a tensor of any real type, truncated.
int64_t single_integer(const ConstTensorView& view) {
  require(view.elements() == 1, ErrorCode::invalid_model, "expected one number, got the shape {}",
          to_string(view.shape));
  if (!is_floating(view.type)) return load_element<int64_t>(view, 0);
  const double value = load_element<double>(view, 0);
  require(std::abs(value) < 9e18, ErrorCode::invalid_model, "{} is not a size", value);
  return static_cast<int64_t>(value);
}

// The value that ConstantOfShape fills with: float32 zero when not given.
Tensor fill_value(const Attributes& attributes) {
  if (!attributes.has("value")) return {ElementType::float32, {}};
  const Tensor& value = attributes.tensor("value");
  require(value.elements() == 1, ErrorCode::invalid_model,
          "value: expected a tensor of one element, got the shape {}", to_string(value.shape()));
  return value;
}

}  // namespace

void infer_trilu(InferContext& context) {
  context.require(!context.has_rank(0) || context.rank(0) >= 2,
                  "expected at least 2 dimensions, got {}", context.input(0).to_string());
  context.set_output(0, context.input(0));
}

void evaluate_trilu(EvalContext& context) {
  const ConstTensorView& in = context.input(0);
  const TensorView out = context.output(0);
  const bool upper = context.attributes().integer("upper", 1) != 0;
  const auto diagonals = context.has_input(1) ? context.integers(1) : std::vector<int64_t>{0};
  context.require(diagonals.size() == 1, "k: expected one number, got {}", diagonals.size());
  const int64_t rows = out.shape[out.shape.size() - 2];
  const int64_t columns = out.shape.back();
  const int64_t k = std::clamp(diagonals[0], -rows, columns);
  fill_zero(out);
  for (int64_t row = 0, n = out.elements() / std::max<int64_t>(columns, 1); row < n; ++row) {
    // Above and on the diagonal are the columns from `split` on, below and on it those up to it.
    const int64_t split = std::clamp<int64_t>(row % rows + k + (upper ? 0 : 1), 0, columns);
    const int64_t first = row * columns;
    if (upper)
      copy_elements(in, first + split, out, first + split, columns - split);
    else
      copy_elements(in, first, out, first, split);
  }
}

void infer_one_hot(InferContext& context) {
  const ElementType element = context.element(2);
  if (!context.has_rank(0)) return context.set_output_rank_unknown(0, element);
  Dims dims = context.dims(0);
  const int axis = context.axis(context.attributes().integer("axis", -1), context.rank(0) + 1);
  const auto contents = shape_values(context, 1);
  Dim depth;
  if (contents && contents->size() == 1)
    depth = (*contents)[0];
  else if (const auto constant = context.constant(1))
    depth = single_integer(*constant);
  else
    depth = context.new_dim("depth");
  context.require(!always_negative(depth), "depth: expected at least 0, got {}", depth.to_string());
  dims.insert(dims.begin() + axis, depth);
  context.set_output(0, element, std::move(dims));
}

void evaluate_one_hot(EvalContext& context) {
  const ConstTensorView& indices = context.input(0);
  const ConstTensorView& values = context.input(2);
  context.require(values.elements() == 2, "values: expected [off, on], got the shape {}",
                  to_string(values.shape));
  const TensorView out = context.output(0);
  const size_t axis =
      context.axis(context.attributes().integer("axis", -1), indices.shape.size() + 1);
  const int64_t depth = out.shape[axis];
  const int64_t inner = row_major_strides(out.shape)[axis];
  fill_elements(out, 0, out.elements(), values, 0);
  dispatch_real(indices.type, [&]<class T>() {
    const auto numbers = load_all<T>(indices);
    for (int64_t i = 0; i < static_cast<int64_t>(numbers.size()); ++i) {
      // Beyond this range nothing is on, and a float may not fit an integer.
      const double rough = static_cast<double>(numbers[i]);
      if (!(std::abs(rough) <= static_cast<double>(depth))) continue;
      int64_t at = static_cast<int64_t>(numbers[i]);
      if (at < 0) at += depth;
      if (at < 0 || at >= depth) continue;
      copy_elements(values, 1, out, (i / inner * depth + at) * inner + i % inner, 1);
    }
  });
}

void infer_eye_like(InferContext& context) {
  const ElementType element = element_attribute(context.attributes(), "dtype", context.element(0));
  if (!context.has_rank(0)) return context.set_output_rank(0, element, 2);
  context.require(context.rank(0) == 2, "expected 2 dimensions, got {}",
                  to_string(context.dims(0)));
  context.set_output(0, element, context.dims(0));
}

void evaluate_eye_like(EvalContext& context) {
  const TensorView out = context.output(0);
  const int64_t k = context.attributes().integer("k", 0);
  fill_zero(out);
  const int64_t rows = out.shape[0];
  const int64_t columns = out.shape[1];
  if (k >= columns || k <= -rows) return;
  for (int64_t row = std::max<int64_t>(0, -k); row < rows && row + k < columns; ++row)
    store_element<double>(out, row * columns + row + k, 1.0);
}

void infer_constant_of_shape(InferContext& context) {
  const Tensor value = fill_value(context.attributes());
  const auto sizes = shape_values(context, 0);
  if (!sizes) {
    if (const auto length = known_length(context, 0))
      return context.set_output_rank(0, value.type(), *length);
    return context.set_output_rank_unknown(0, value.type());
  }
  for (const Dim& size : *sizes)
    context.require(!always_negative(size), "expected sizes of at least 0, got {}",
                    to_string(*sizes));
  context.set_output(0, value.type(), *sizes);
  const Dim count = product(*sizes);
  if (sizes->size() > 1 || !is_integer(value.type()) || !count.is_constant() ||
      count.constant() > longest_shape)
    return;
  const auto number = load_element<int64_t>(value.view(), 0);
  context.set_contents(0, Dims(count.constant(), Dim(number)));
}

void evaluate_constant_of_shape(EvalContext& context) {
  const Tensor value = fill_value(context.attributes());
  const TensorView out = context.output(0);
  fill_elements(out, 0, out.elements(), value.view());
}

}  // namespace cermet
