// cermet.MatMulFloat8 and cermet.ConvFloat8: MatMul's and Conv's own kernels on factors of float8,
// with results of float32. The factors may be of different formats.
#include "ops/math/elementwise.ref.h"
#include "ops/matrix/mat_mul.ref.h"
#include "ops/quantization/products.ref.h"

namespace cermet {
namespace {

void require_float8(const InferContext& context) {
  for (size_t i : {0, 1})
    require_element(context, i, is_multiplied_float8, "type float8e4m3fn or float8e5m2");
}

}  // namespace

bool is_multiplied_float8(ElementType type) {
  return type == ElementType::float8e4m3fn || type == ElementType::float8e5m2;
}

void infer_mat_mul_float8(InferContext& context) {
  require_float8(context);
  context.set_output(0, ValueType::tensor(ElementType::float32, product_dims(context, 0, 1)));
}

void infer_conv_float8(InferContext& context) {
  require_float8(context);
  context.set_output(0, ValueType::tensor(ElementType::float32, convolution_type(context).dims));
}

}  // namespace cermet
