// How operators on quantised tensors become dequantise, compute, quantise, which passes and tactics
// know by that pattern.
#include <array>

#include "ops/quantization/quantized.h"
#include "ops/quantization/quantized_products.h"
#include "ops/raw_input.h"

namespace cermet {
namespace {

// The same meaning as ONNX's own.
ImportResult own_domain(RawNode& node, GraphBuilder&) {
  node.domain.clear();
  return std::nullopt;
}

// x, scale, zero point, then scale and zero point of the result.
ImportResult unary(const RawNode& node, GraphBuilder& builder, std::string_view op, int version,
                   const std::vector<std::string_view>& kept) {
  const Quantized x = Quantized::inputs(node, 0);
  const auto as = QuantizedAs::inputs(node, 3, builder.element(x.value));
  const bool last = node.attributes.integer("channels_last", 0) != 0;
  Attributes attributes;
  for (const std::string_view name : kept)
    if (const Attribute* value = node.attributes.find(name)) attributes.set(name, *value);
  ValueId value = dequantize(builder, x);
  if (last) value = channels_first(builder, value);
  value = add_versioned(builder, op, version, {value}, std::move(attributes));
  if (last) value = channels_last(builder, value);
  return std::vector{quantize(builder, value, as)};
}

ImportResult sigmoid(RawNode& node, GraphBuilder& builder) {
  return unary(node, builder, "Sigmoid", 13, {});
}

ImportResult leaky_relu(RawNode& node, GraphBuilder& builder) {
  return unary(node, builder, "LeakyRelu", 16, {"alpha"});
}

ImportResult average_pool(RawNode& node, GraphBuilder& builder) {
  return unary(node, builder, "AveragePool", 11,
               {"auto_pad", "ceil_mode", "count_include_pad", "kernel_shape", "pads", "strides"});
}

ImportResult global_average_pool(RawNode& node, GraphBuilder& builder) {
  return unary(node, builder, "GlobalAveragePool", 1, {});
}

ImportResult reduce_mean(RawNode& node, GraphBuilder& builder) {
  return unary(node, builder, "ReduceMean", 13, {"axes", "keepdims"});
}

// Its attribute `opset` says whose Softmax is meant.
ImportResult softmax(RawNode& node, GraphBuilder& builder) {
  const int64_t version = node.attributes.integer("opset");
  require(version >= 1 && version <= 1000, ErrorCode::invalid_model,
          "QLinearSoftmax: opset: expected a version of Softmax, got {}", version);
  return unary(node, builder, "Softmax", static_cast<int>(version), {"axis"});
}

// Two quantised operands, then scale and zero point of the result.
ImportResult binary(const RawNode& node, GraphBuilder& builder, std::string_view op) {
  const Quantized a = Quantized::inputs(node, 0);
  const ValueId left = dequantize(builder, a);
  const ValueId right = dequantize(builder, Quantized::inputs(node, 3));
  const auto as = QuantizedAs::inputs(node, 6, builder.element(a.value));
  return std::vector{quantize(builder, builder.add(op, {left, right}), as)};
}

ImportResult add(RawNode& node, GraphBuilder& builder) { return binary(node, builder, "Add"); }
ImportResult multiply(RawNode& node, GraphBuilder& builder) { return binary(node, builder, "Mul"); }

ImportResult where(RawNode& node, GraphBuilder& builder) {
  const Quantized x = Quantized::inputs(node, 1);
  const ValueId yes = dequantize(builder, x);
  const ValueId no = dequantize(builder, Quantized::inputs(node, 4));
  const auto as = QuantizedAs::inputs(node, 7, builder.element(x.value));
  const ValueId chosen = builder.add("Where", {required_input(node, 0), yes, no});
  return std::vector{quantize(builder, chosen, as)};
}

ImportResult concat(RawNode& node, GraphBuilder& builder) {
  std::vector<ValueId> inputs;
  for (size_t i = 2; i < node.inputs.size(); i += 3)
    inputs.push_back(dequantize(builder, Quantized::inputs(node, i)));
  const auto as = QuantizedAs::inputs(node, 0, builder.element(required_input(node, 2)));
  const ValueId joined = builder.add("Concat", std::move(inputs), node.attributes);
  return std::vector{quantize(builder, joined, as)};
}

constexpr std::string_view microsoft = "com.microsoft";

}  // namespace

std::span<const ImportRule> quantization_import_rules() {
  static constexpr std::array rules{
      ImportRule{"QLinearConv", 0, import_qlinear_conv},
      ImportRule{"QLinearMatMul", 0, import_qlinear_mat_mul},
      ImportRule{"DequantizeLinear", 0, own_domain, microsoft},
      ImportRule{"DynamicQuantizeLSTM", 0, import_dynamic_quantize_lstm, microsoft},
      ImportRule{"DynamicQuantizeMatMul", 0, import_dynamic_quantize_mat_mul, microsoft},
      ImportRule{"GatherBlockQuantized", 0, import_gather_block_quantized, microsoft},
      ImportRule{"MatMulBnb4", 0, import_mat_mul_bnb4, microsoft},
      ImportRule{"MatMulInteger16", 0, import_mat_mul_integer16, microsoft},
      ImportRule{"MatMulIntegerToFloat", 0, import_mat_mul_integer_to_float, microsoft},
      ImportRule{"MatMulNBits", 0, import_mat_mul_n_bits, microsoft},
      ImportRule{"NhwcMaxPool", 0, import_nhwc_max_pool, microsoft},
      ImportRule{"QAttention", 0, import_qattention, microsoft},
      ImportRule{"QEmbedLayerNormalization", 0, import_qembed_layer, microsoft},
      ImportRule{"QGemm", 0, import_qgemm, microsoft},
      ImportRule{"QLinearAdd", 0, add, microsoft},
      ImportRule{"QLinearAveragePool", 0, average_pool, microsoft},
      ImportRule{"QLinearConcat", 0, concat, microsoft},
      ImportRule{"QLinearConv", 0, import_qlinear_conv, microsoft},
      ImportRule{"QLinearGlobalAveragePool", 0, global_average_pool, microsoft},
      ImportRule{"QLinearLeakyRelu", 0, leaky_relu, microsoft},
      ImportRule{"QLinearMul", 0, multiply, microsoft},
      ImportRule{"QLinearReduceMean", 0, reduce_mean, microsoft},
      ImportRule{"QLinearSigmoid", 0, sigmoid, microsoft},
      ImportRule{"QLinearSoftmax", 0, softmax, microsoft},
      ImportRule{"QLinearWhere", 0, where, microsoft},
      ImportRule{"QuantizeLinear", 0, own_domain, microsoft},
  };
  return rules;
}

}  // namespace cermet
