// What the elementwise kernels share: broadcasting loads, loops over wide types, type checks.
#pragma once

#include <vector>

#include "ops/operator.ref.h"

namespace cermet {

// For each element of a tensor of shape `result`, in order, the element of a tensor of shape
// `from` that numpy broadcasting puts there.
std::vector<int64_t> broadcast_offsets(const Shape& from, const Shape& result);

// The values of `view` repeated to `result`. T is one of dispatch_wide's types.
template <class T>
std::vector<T> load_broadcast(const ConstTensorView& view, const Shape& result);

// The only element of input i; throws when it has another number of elements.
template <class T>
T load_scalar(const EvalContext& context, size_t i) {
  const ConstTensorView& view = context.input(i);
  context.require(view.elements() == 1, "input {}: expected one element, got shape {}", i,
                  to_string(view.shape));
  return load_element<T>(view, 0);
}

// Output 0 is f of input 0, element by element, in double.
template <class F>
void map_double(EvalContext& context, F f) {
  auto values = load_all<double>(context.input(0));
  for (double& value : values) value = f(value);
  store_all(context.output(0), values);
}

// The same in the wide type of the input's elements; f is generic.
template <class F>
void map_real(EvalContext& context, F f) {
  dispatch_real(context.input(0).type, [&]<class T>() {
    auto values = load_all<T>(context.input(0));
    for (T& value : values) value = f(value);
    store_all(context.output(0), values);
  });
}

// Output 0 is f of inputs 0 and 1, which have the same type and broadcast.
template <class F>
void combine_real(EvalContext& context, F f) {
  const TensorView output = context.output(0);
  dispatch_real(context.input(0).type, [&]<class T>() {
    auto values = load_broadcast<T>(context.input(0), output.shape);
    const auto other = load_broadcast<T>(context.input(1), output.shape);
    for (size_t i = 0; i < values.size(); ++i) values[i] = f(values[i], other[i]);
    store_all(output, values);
  });
}

// The same with a boolean result.
template <class F>
void compare_real(EvalContext& context, F f) {
  const TensorView output = context.output(0);
  dispatch_real(context.input(0).type, [&]<class T>() {
    const auto a = load_broadcast<T>(context.input(0), output.shape);
    const auto b = load_broadcast<T>(context.input(1), output.shape);
    for (size_t i = 0; i < a.size(); ++i) output.as<uint8_t>()[i] = f(a[i], b[i]) ? 1 : 0;
  });
}

// Checks of what an input holds; `expected` completes "expected elements of".
using TypeTest = bool (*)(ElementType);
inline bool is_number(ElementType type) { return is_floating(type) || is_integer(type); }
inline bool is_boolean(ElementType type) { return type == ElementType::boolean; }
void require_element(const InferContext& context, size_t input, TypeTest test,
                     std::string_view expected);
void require_same_elements(const InferContext& context, size_t first, size_t second);
// Output 0 has the type of input 0, contents unknown.
void infer_unary(InferContext& context);
void infer_float(InferContext& context);   // the same for float types
void infer_number(InferContext& context);  // the same for float and integer types
// Inputs 0 and 1 have the same type of numbers and broadcast.
void infer_numbers(InferContext& context);

}  // namespace cermet
