#include "base/error.h"
#include "ops/import_rule.h"

namespace cermet {
namespace {

using Outputs = std::optional<std::vector<ValueId>>;

// A list, or a scalar when `scalar`, of values that the model keeps as attributes.
template <class T>
Tensor list_tensor(ElementType type, const std::vector<T>& values, bool scalar) {
  Shape shape;
  if (!scalar) shape.push_back(static_cast<int64_t>(values.size()));
  return Tensor::from(type, std::move(shape), values);
}

std::vector<float> to_floats(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

Tensor constant_tensor(const Attributes& attributes) {
  for (std::string_view whole : {"value", "sparse_value"})
    if (attributes.has(whole)) return attributes.tensor(whole);
  if (attributes.has("value_int"))
    return list_tensor<int64_t>(ElementType::int64, {attributes.integer("value_int")}, true);
  if (attributes.has("value_ints"))
    return list_tensor(ElementType::int64, attributes.integers("value_ints"), false);
  if (attributes.has("value_float"))
    return list_tensor(ElementType::float32, to_floats({attributes.number("value_float")}), true);
  if (attributes.has("value_floats"))
    return list_tensor(ElementType::float32, to_floats(attributes.numbers("value_floats")), false);
  if (attributes.has("value_string"))
    return list_tensor<std::string>(ElementType::string, {attributes.text("value_string")}, true);
  if (attributes.has("value_strings"))
    return list_tensor(ElementType::string, attributes.texts("value_strings"), false);
  fail(ErrorCode::invalid_model, "Constant: expected one of the value attributes, got {}",
       attributes.to_string());
}

Outputs import_constant(RawNode& node, GraphBuilder& builder) {
  return std::vector<ValueId>{builder.constant(constant_tensor(node.attributes))};
}

Outputs import_dft_19(RawNode& node, GraphBuilder& builder) {
  node.inputs.resize(3, no_value);
  node.inputs[2] = builder.integer(node.attributes.integer("axis", 1));
  node.attributes.erase("axis");
  return std::nullopt;
}

// The step may be left out.
Outputs import_microsoft_range(RawNode& node, GraphBuilder& builder) {
  node.domain.clear();
  node.inputs.resize(3, no_value);
  if (node.inputs[2] == no_value)
    node.inputs[2] = builder.scalar(builder.element(node.inputs[0]), 1.0);
  return std::nullopt;
}

}  // namespace

std::span<const ImportRule> generation_import_rules() {
  static constexpr ImportRule rules[] = {
      {"Constant", 0, import_constant},
      {"DFT", 20, import_dft_19},
      {"Range", 0, import_microsoft_range, "com.microsoft"},
  };
  return rules;
}

}  // namespace cermet
