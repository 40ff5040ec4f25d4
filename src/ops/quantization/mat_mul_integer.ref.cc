#include "ops/math/elementwise.ref.h"
#include "ops/matrix/mat_mul.ref.h"
#include "ops/quantization/products.ref.h"

namespace cermet {
namespace {

bool is_byte(ElementType type) { return is_integer(type) && bit_width(type) <= 8; }

void require_zero_point(const InferContext& context, size_t zero, size_t operand) {
  if (context.has_input(zero)) require_same_elements(context, operand, zero);
}

// The operand less its zero point, modulo 2^64. A vector of zero points belongs to rows of the
// left operand and to columns of the right one.
std::vector<uint64_t> centred(const EvalContext& context, size_t operand, size_t zero, bool rows) {
  const ConstTensorView& view = context.input(operand);
  auto values = load_all<uint64_t>(view);
  if (!context.has_input(zero)) return values;
  ConstTensorView points = context.input(zero);
  if (rows && points.shape.size() == 1 && view.shape.size() > 1) points.shape.push_back(1);
  if (points.elements() == 1) points.shape.clear();
  const auto repeated = load_broadcast<uint64_t>(points, view.shape);
  for (size_t i = 0; i < values.size(); ++i) values[i] -= repeated[i];
  return values;
}

}  // namespace

void infer_mat_mul_integer(InferContext& context) {
  require_element(context, 0, is_byte, "an integer type of at most 8 bits");
  require_element(context, 1, is_byte, "an integer type of at most 8 bits");
  require_zero_point(context, 2, 0);
  require_zero_point(context, 3, 1);
  context.set_output(0, ValueType::tensor(ElementType::int32, product_dims(context, 0, 1)));
}

void evaluate_mat_mul_integer(EvalContext& context) {
  const TensorView output = context.output(0);
  const auto a = centred(context, 0, 2, true);
  const auto b = centred(context, 1, 3, false);
  store_all(output, multiply(a, context.input(0).shape, b, context.input(1).shape));
}

}  // namespace cermet
