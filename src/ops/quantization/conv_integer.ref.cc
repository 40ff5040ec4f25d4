// ConvInteger: Conv's own inference and kernel on operands less their zero points.
#include "ops/math/elementwise.ref.h"
#include "ops/quantization/products.ref.h"

namespace cermet {
namespace {

bool is_byte(ElementType type) { return is_integer(type) && bit_width(type) == 8; }

const Operator& convolution() {
  const Operator* found = find_operator("", "Conv");
  if (found == nullptr) fail(ErrorCode::internal, "ConvInteger needs Conv, which is missing");
  return *found;
}

// Doubles, which hold every sum of products of bytes up to 2^53. A vector of zero points belongs to
// the first dimension.
Tensor centred(const EvalContext& context, size_t operand, size_t zero) {
  const ConstTensorView& view = context.input(operand);
  auto values = load_all<double>(view);
  if (context.has_input(zero)) {
    ConstTensorView points = context.input(zero);
    const bool single = points.elements() == 1;
    points.shape.resize(single ? 0 : view.shape.size(), 1);
    const auto repeated = load_broadcast<double>(points, view.shape);
    for (size_t i = 0; i < values.size(); ++i) values[i] -= repeated[i];
  }
  return Tensor::from(ElementType::float64, view.shape, values);
}

void require_zero_point(const InferContext& context, size_t zero, size_t operand,
                        const Dim& vector) {
  if (!context.has_input(zero)) return;
  require_same_elements(context, operand, zero);
  if (!context.has_rank(zero)) return;
  const Dims& dims = context.dims(zero);
  const Dim count = product(dims);
  context.require(dims.size() <= 1 && (!count.is_constant() || !vector.is_constant() ||
                                       count.is_constant(1) || count == vector),
                  "input {}: expected a scalar or {} zero points, got {}", zero, vector.to_string(),
                  context.input(zero).to_string());
}

}  // namespace

ValueType convolution_type(InferContext& context) {
  std::vector<std::optional<InferContext::Input>> inputs(2);
  for (size_t i = 0; i < inputs.size(); ++i)
    inputs[i] = InferContext::Input{context.input(i), std::nullopt, std::nullopt};
  InferContext inner(context.op(), context.attributes(), std::move(inputs), 1,
                     [&](std::string_view hint) { return context.new_dim(hint); });
  convolution().infer(inner);
  return inner.outputs()[0].type;
}

void infer_conv_integer(InferContext& context) {
  require_element(context, 0, is_byte, "type int8 or uint8");
  require_element(context, 1, is_byte, "type int8 or uint8");
  const bool known = context.has_rank(1) && context.rank(1) > 0;
  require_zero_point(context, 2, 0, Dim(1));
  require_zero_point(context, 3, 1, known ? context.dims(1)[0] : context.new_dim());
  context.set_output(0, ValueType::tensor(ElementType::int32, convolution_type(context).dims));
}

void evaluate_conv_integer(EvalContext& context) {
  const std::vector<std::optional<Value>> inputs{centred(context, 0, 2), centred(context, 1, 3)};
  const auto results = evaluate(convolution(), context.attributes(), inputs, 1);
  store_all(context.output(0), load_all<double>(results[0].tensor.view()));
}

}  // namespace cermet
