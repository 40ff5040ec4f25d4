#include "ops/quantization/quantized.h"

#include <numeric>

#include "ops/raw_input.h"

namespace cermet {
namespace {

std::vector<int64_t> identity_order(const GraphBuilder& builder, ValueId value) {
  const ValueType& type = builder.type(value);
  require(type.has_rank() && type.rank() >= 2, ErrorCode::unsupported,
          "channels_last: expected a tensor of known rank with channels, got {}", type.to_string());
  std::vector<int64_t> order(static_cast<size_t>(type.rank()));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

ValueId transpose(GraphBuilder& builder, ValueId value, std::vector<int64_t> order) {
  Attributes attributes;
  attributes.set("perm", std::move(order));
  return builder.add("Transpose", {value}, std::move(attributes));
}

}  // namespace

Quantized Quantized::inputs(const RawNode& node, size_t first) {
  return {required_input(node, first), required_input(node, first + 1), node.input(first + 2)};
}

QuantizedAs QuantizedAs::inputs(const RawNode& node, size_t first, ElementType type) {
  return {required_input(node, first), node.input(first + 1), type};
}

ValueId dequantize(GraphBuilder& builder, const Quantized& operand, std::optional<int64_t> axis) {
  std::vector<ValueId> inputs{operand.value, operand.scale};
  if (operand.zero_point != no_value) inputs.push_back(operand.zero_point);
  Attributes attributes;
  if (axis) attributes.set("axis", *axis);
  return builder.add("DequantizeLinear", std::move(inputs), std::move(attributes));
}

ValueId quantize(GraphBuilder& builder, ValueId value, const QuantizedAs& as) {
  Attributes attributes;
  std::vector<ValueId> inputs{value, as.scale};
  if (as.zero_point != no_value)
    inputs.push_back(as.zero_point);
  else
    attributes.set("output_dtype", static_cast<int64_t>(as.type));
  return builder.add("QuantizeLinear", std::move(inputs), std::move(attributes));
}

ValueId add_versioned(GraphBuilder& builder, std::string_view op, int version,
                      std::vector<ValueId> inputs, Attributes attributes) {
  RawNode node;
  node.op = op;
  node.name = builder.origin().nodes.empty() ? std::string(op) : builder.origin().nodes.front();
  node.version = version;
  node.inputs = std::move(inputs);
  node.wanted = {true};
  node.attributes = std::move(attributes);
  for (const ImportRule* rule : find_import_rules("", op, version))
    if (const auto results = rule->import(node, builder)) return results->at(0);
  return builder.add(node.op, node.inputs, node.attributes, node.domain);
}

ValueId channels_first(GraphBuilder& builder, ValueId value) {
  auto order = identity_order(builder, value);
  order.insert(order.begin() + 1, order.back());
  order.pop_back();
  return transpose(builder, value, std::move(order));
}

ValueId channels_last(GraphBuilder& builder, ValueId value) {
  auto order = identity_order(builder, value);
  order.erase(order.begin() + 1);
  order.push_back(1);
  return transpose(builder, value, std::move(order));
}

}  // namespace cermet
