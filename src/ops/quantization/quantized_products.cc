#include "ops/quantization/quantized_products.h"

#include "ops/quantization/quantized.h"
#include "ops/raw_input.h"

namespace cermet {
namespace {

// A factor of a matrix product. Scales that are vectors belong to rows or columns: the dimension
// `axis`. Scales of more dimensions broadcast to the factor.
ValueId dequantize_factor(GraphBuilder& builder, const Quantized& operand, int64_t axis) {
  const ValueType& scale = builder.type(operand.scale);
  require(scale.has_rank(), ErrorCode::unsupported,
          "the rank of the scale of a matrix must be known, got {}", scale.to_string());
  if (scale.rank() <= 1) return dequantize(builder, operand, axis);
  const ElementType type = scale.element;
  ValueId value = builder.cast(operand.value, type);
  if (operand.zero_point != no_value)
    value = builder.add("Sub", {value, builder.cast(operand.zero_point, type)});
  return builder.add("Mul", {value, operand.scale});
}

ValueId product(GraphBuilder& builder, ValueId a, ValueId b, ValueId bias) {
  const ValueId result = builder.add("MatMul", {a, b});
  return bias == no_value ? result : builder.add("Add", {result, bias});
}

constexpr int64_t rows = -2;
constexpr int64_t columns = -1;

}  // namespace

ImportResult import_qlinear_conv(RawNode& node, GraphBuilder& builder) {
  const bool last = node.attributes.integer("channels_last", 0) != 0;
  node.attributes.erase("channels_last");
  const Quantized x = Quantized::inputs(node, 0);
  const Quantized w = Quantized::inputs(node, 3);
  const auto as = QuantizedAs::inputs(node, 6, builder.element(x.value));
  ValueId image = dequantize(builder, x);
  if (last) image = channels_first(builder, image);
  std::vector<ValueId> inputs{image, dequantize(builder, w, 0)};
  if (node.input(8) != no_value) {
    const Quantized bias{node.input(8), builder.add("Mul", {x.scale, w.scale}), no_value};
    inputs.push_back(dequantize(builder, bias, 0));
  }
  ValueId result = builder.add("Conv", std::move(inputs), node.attributes);
  if (last) result = channels_last(builder, result);
  return std::vector{quantize(builder, result, as)};
}

ImportResult import_qlinear_mat_mul(RawNode& node, GraphBuilder& builder) {
  const Quantized a = Quantized::inputs(node, 0);
  const ValueId left = dequantize_factor(builder, a, rows);
  const ValueId right = dequantize_factor(builder, Quantized::inputs(node, 3), columns);
  const auto as = QuantizedAs::inputs(node, 6, builder.element(a.value));
  return std::vector{quantize(builder, product(builder, left, right, no_value), as)};
}

// y = alpha * (A * B + C) where C has the scale of the product.
ImportResult import_qgemm(RawNode& node, GraphBuilder& builder) {
  const Quantized a = Quantized::inputs(node, 0);
  const Quantized b = Quantized::inputs(node, 3);
  const double alpha = node.attributes.number("alpha", 1);
  const bool transposed = node.attributes.integer("transB", 0) != 0;
  std::vector<ValueId> inputs{dequantize(builder, a), dequantize(builder, b, transposed ? 0 : 1)};
  if (node.input(6) != no_value) {
    const Quantized c{node.input(6), builder.add("Mul", {a.scale, b.scale}), no_value};
    inputs.push_back(dequantize(builder, c, columns));
  }
  Attributes attributes = node.attributes;
  attributes.set("alpha", alpha);
  attributes.set("beta", alpha);
  const ValueId result = builder.add("Gemm", std::move(inputs), std::move(attributes));
  if (node.input(7) == no_value) return std::vector{result};
  const auto as = QuantizedAs::inputs(node, 7, builder.element(a.value));
  return std::vector{quantize(builder, result, as)};
}

ImportResult import_dynamic_quantize_mat_mul(RawNode& node, GraphBuilder& builder) {
  const auto a = builder.add_all("DynamicQuantizeLinear", {required_input(node, 0)}, 3);
  const ValueId left = dequantize(builder, {a[0], a[1], a[2]});
  const ValueId right = dequantize_factor(builder, Quantized::inputs(node, 1), columns);
  return std::vector{product(builder, left, right, node.input(4))};
}

ImportResult import_mat_mul_integer_to_float(RawNode& node, GraphBuilder& builder) {
  const Quantized a{required_input(node, 0), required_input(node, 2), node.input(4)};
  const Quantized b{required_input(node, 1), required_input(node, 3), node.input(5)};
  // A vector of scales of A belongs to its columns, as com.microsoft has it.
  const ValueId left = dequantize_factor(builder, a, columns);
  const ValueId right = dequantize_factor(builder, b, columns);
  return std::vector{product(builder, left, right, node.input(6))};
}

ImportResult import_mat_mul_integer16(RawNode& node, GraphBuilder& builder) {
  const ValueId a = builder.cast(required_input(node, 0), ElementType::int32);
  const ValueId b = builder.cast(required_input(node, 1), ElementType::int32);
  return std::vector{builder.add("MatMul", {a, b})};
}

}  // namespace cermet
