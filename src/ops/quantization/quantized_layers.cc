// Whole layers of com.microsoft whose weights are quantised: the layer itself on dequantised
// operands.
#include "ops/quantization/quantized.h"
#include "ops/quantization/quantized_products.h"
#include "ops/raw_input.h"

namespace cermet {
namespace {

// The node as the float operator `op` of com.microsoft on other inputs.
ImportResult import_as(RawNode& node, GraphBuilder& builder, std::string_view op,
                       std::vector<ValueId> inputs) {
  node.op = op;
  node.inputs = std::move(inputs);
  for (const ImportRule* rule : find_import_rules(node.domain, op, node.version))
    if (auto results = rule->import(node, builder)) return results;
  return std::nullopt;
}

// Weights [directions, rows, 4 * hidden], one scale for a direction or for a column of it, as
// LSTM has them: [directions, 4 * hidden, rows].
ValueId recurrent_weights(const RawNode& node, GraphBuilder& builder, size_t weights,
                          size_t scale) {
  const ValueType& type = builder.type(required_input(node, scale));
  require(type.has_rank() && (type.rank() == 1 || type.rank() == 2), ErrorCode::unsupported,
          "DynamicQuantizeLSTM: expected scales of 1 or 2 dimensions, got {}", type.to_string());
  const ElementType element = type.element;
  const ValueId axes =
      builder.integers(type.rank() == 1 ? std::vector<int64_t>{1, 2} : std::vector<int64_t>{1});
  const auto widened = [&](ValueId value) { return builder.add("Unsqueeze", {value, axes}); };
  const ValueId zero = builder.cast(widened(required_input(node, scale + 1)), element);
  const ValueId centred =
      builder.add("Sub", {builder.cast(required_input(node, weights), element), zero});
  Attributes order;
  order.set("perm", std::vector<int64_t>{0, 2, 1});
  return builder.add("Transpose", {builder.add("Mul", {centred, widened(node.input(scale))})},
                     std::move(order));
}

}  // namespace

// input, weights, bias, their scales, mask, their zero points, past
ImportResult import_qattention(RawNode& node, GraphBuilder& builder) {
  const ValueId x =
      dequantize(builder, {required_input(node, 0), required_input(node, 3), node.input(6)});
  const ValueId w =
      dequantize(builder, {required_input(node, 1), required_input(node, 4), node.input(7)}, -1);
  const std::vector<ValueId> inputs{x, w, node.input(2), node.input(5), node.input(8)};
  return import_as(node, builder, "Attention", inputs);
}

// ids, segments, five tables, mask, five scales, five zero points
ImportResult import_qembed_layer(RawNode& node, GraphBuilder& builder) {
  std::vector<ValueId> inputs{required_input(node, 0), node.input(1)};
  for (size_t table = 2; table < 7; ++table)
    inputs.push_back(node.input(table) == no_value
                         ? no_value
                         : dequantize(builder, {node.input(table), required_input(node, table + 6),
                                                node.input(table + 11)}));
  inputs.push_back(node.input(7));
  return import_as(node, builder, "EmbedLayerNormalization", std::move(inputs));
}

// LSTM on dequantised weights. Its inputs and states stay floats, so that results lie nearer to
// those of the model before it was quantised than ONNX Runtime's, which rounds both to 8 bits.
ImportResult import_dynamic_quantize_lstm(RawNode& node, GraphBuilder& builder) {
  std::vector<ValueId> inputs(8, no_value);
  for (size_t i = 0; i < inputs.size(); ++i) inputs[i] = node.input(i);
  inputs[1] = recurrent_weights(node, builder, 1, 8);
  inputs[2] = recurrent_weights(node, builder, 2, 10);
  return builder.add_all("LSTM", std::move(inputs), node.output_count, node.attributes);
}

ImportResult import_nhwc_max_pool(RawNode& node, GraphBuilder& builder) {
  const ValueId image = channels_first(builder, required_input(node, 0));
  return std::vector{channels_last(builder, builder.add("MaxPool", {image}, node.attributes))};
}

}  // namespace cermet
