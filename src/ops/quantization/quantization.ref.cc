#include "ops/convolution/convolution.ref.h"
#include "ops/families.ref.h"
#include "ops/matrix/mat_mul.ref.h"
#include "ops/quantization/linear.ref.h"
#include "ops/quantization/products.ref.h"

namespace cermet {
namespace {

constexpr Operator operators[] = {
    {"ConvFloat8", infer_conv_float8, evaluate_conv, "cermet"},
    {"ConvInteger", infer_conv_integer, evaluate_conv_integer},
    {"DequantizeLinear", infer_dequantize, evaluate_dequantize},
    {"DynamicQuantizeLinear", infer_dynamic_quantize, evaluate_dynamic_quantize},
    {"MatMulFloat8", infer_mat_mul_float8, evaluate_mat_mul, "cermet"},
    {"MatMulInteger", infer_mat_mul_integer, evaluate_mat_mul_integer},
    {"QuantizeLinear", infer_quantize, evaluate_quantize},
};

}  // namespace

std::span<const Operator> quantization_operators() { return operators; }

}  // namespace cermet
