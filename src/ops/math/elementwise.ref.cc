#include "ops/math/elementwise.ref.h"

#include <numeric>

namespace cermet {

std::vector<int64_t> broadcast_offsets(const Shape& from, const Shape& result) {
  std::vector<int64_t> offsets(static_cast<size_t>(element_count(result)));
  const auto strides = broadcast_strides(from, result);
  for_each_index(result, [&](const std::vector<int64_t>& index, int64_t i) {
    offsets[i] = std::inner_product(index.begin(), index.end(), strides.begin(), int64_t{0});
  });
  return offsets;
}

template <class T>
std::vector<T> load_broadcast(const ConstTensorView& view, const Shape& result) {
  if (view.shape == result) return load_all<T>(view);
  const auto values = load_all<T>(view);
  const auto count = static_cast<size_t>(element_count(result));
  if (values.size() == 1) return std::vector<T>(count, values[0]);
  const auto offsets = broadcast_offsets(view.shape, result);
  std::vector<T> repeated(count);
  for (size_t i = 0; i < count; ++i) repeated[i] = values[offsets[i]];
  return repeated;
}

template std::vector<double> load_broadcast<double>(const ConstTensorView&, const Shape&);
template std::vector<int64_t> load_broadcast<int64_t>(const ConstTensorView&, const Shape&);
template std::vector<uint64_t> load_broadcast<uint64_t>(const ConstTensorView&, const Shape&);
template std::vector<std::complex<double>> load_broadcast<std::complex<double>>(
    const ConstTensorView&, const Shape&);

void require_element(const InferContext& context, size_t input, TypeTest test,
                     std::string_view expected) {
  const ValueType& type = context.input(input);
  context.require(type.is_tensor() && test(type.element),
                  "input {}: expected elements of {}, got {}", input, expected, type.to_string());
}

void require_same_elements(const InferContext& context, size_t first, size_t second) {
  context.require(
      context.input(second).is_tensor() && context.element(first) == context.element(second),
      "inputs {} and {}: expected tensors of one element type, got {} and {}", first, second,
      context.input(first).to_string(), context.input(second).to_string());
}

void infer_unary(InferContext& context) { context.set_output(0, context.input(0)); }

void infer_float(InferContext& context) {
  require_element(context, 0, is_floating, "a float type");
  infer_unary(context);
}

void infer_number(InferContext& context) {
  require_element(context, 0, is_number, "a float or integer type");
  infer_unary(context);
}

void infer_numbers(InferContext& context) {
  require_element(context, 0, is_number, "a float or integer type");
  require_same_elements(context, 0, 1);
  infer_broadcast(context);
}

}  // namespace cermet
