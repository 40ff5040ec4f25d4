// Running an operator's inference or kernel by name, for tests.
#pragma once

#include <gtest/gtest.h>

#include "ops/operator.ref.h"

namespace cermet::testing {

using Inputs = std::vector<std::optional<InferContext::Input>>;

inline Attributes with(std::initializer_list<std::pair<const char*, Attribute>> list) {
  Attributes attributes;
  for (const auto& [name, value] : list) attributes.set(name, value);
  return attributes;
}

inline const Operator& op(std::string_view name) {
  const Operator* found = find_operator("", name);
  if (found == nullptr) throw Error(ErrorCode::internal, "no operator " + std::string(name));
  return *found;
}

inline Dim sym(std::string_view name) { return Dim::symbol(name); }

inline InferContext::Input typed(ElementType type, std::optional<Dims> dims) {
  return {ValueType::tensor(type, std::move(dims)), std::nullopt, std::nullopt};
}
inline InferContext::Input floats(Dims dims) {
  return typed(ElementType::float32, std::move(dims));
}
// An int64 vector whose elements are known as expressions.
inline InferContext::Input known(Dims elements) {
  InferContext::Input input =
      typed(ElementType::int64, Dims{static_cast<int64_t>(elements.size())});
  input.contents = std::move(elements);
  return input;
}
inline InferContext::Input known_scalar(Dim element) {
  InferContext::Input input = typed(ElementType::int64, Dims{});
  input.contents = Dims{std::move(element)};
  return input;
}

// "float32[N, 3]", and "= [...]" behind it when the contents are known; several joined by "; ".
inline std::string inferred(std::string_view name, Inputs inputs, const Attributes& attributes = {},
                            size_t outputs = 1) {
  int symbols = 0;
  InferContext context(name, attributes, std::move(inputs), outputs, [&](std::string_view) {
    return Dim::symbol("new" + std::to_string(symbols++));
  });
  op(name).infer(context);
  std::string text;
  for (const auto& output : context.outputs()) {
    if (!text.empty()) text += "; ";
    text += output.type.to_string();
    if (output.contents) text += " = " + to_string(*output.contents);
  }
  return text;
}

inline Tensor ints(Shape shape, const std::vector<int64_t>& values) {
  return Tensor::from(ElementType::int64, std::move(shape), values);
}
inline Tensor ints(const std::vector<int64_t>& values) {
  return ints({static_cast<int64_t>(values.size())}, values);
}
inline Tensor reals(Shape shape, const std::vector<float>& values) {
  return Tensor::from(ElementType::float32, std::move(shape), values);
}

inline std::vector<Value> evaluated(std::string_view name,
                                    const std::vector<std::optional<Value>>& inputs,
                                    const Attributes& attributes = {}, size_t outputs = 1) {
  return evaluate(op(name), attributes, inputs, outputs);
}
// Shape and values of the first output, "[2]: 1 2".
inline std::string result(std::string_view name, const std::vector<std::optional<Value>>& inputs,
                          const Attributes& attributes = {}) {
  const Tensor tensor = evaluated(name, inputs, attributes).front().tensor;
  std::string text = to_string(tensor.shape()) + ":";
  for (double value : load_all<double>(tensor.view())) text += fmt::format(" {:g}", value);
  return text;
}

}  // namespace cermet::testing
