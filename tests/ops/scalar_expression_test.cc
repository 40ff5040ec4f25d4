// Expressions against the operators' own kernels.
#include "ops/math/scalar_expression.h"

#include <cmath>
#include <random>

#include "tests/ops/operator_case.h"

namespace cermet::testing {
namespace {

constexpr int64_t count = 200;

Tensor random_tensor(ElementType type, std::mt19937& random) {
  Tensor tensor(type, {count});
  std::uniform_real_distribution<double> real(-4, 4);
  std::uniform_int_distribution<int64_t> whole(is_signed_integer(type) ? -6 : 0, 6);
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(type == ElementType::boolean ? static_cast<double>(whole(random) % 2 != 0)
                     : is_floating(type)          ? real(random)
                                                  : static_cast<double>(whole(random)));
  if (is_floating(type)) {
    values[0] = std::nan("");
    values[1] = INFINITY;
    values[2] = -INFINITY;
    values[3] = 0;
  }
  store_all(tensor.view(), values);
  return tensor;
}

void expect_close(const Tensor& got, const Tensor& wanted, std::string_view what) {
  ASSERT_EQ(got.type(), wanted.type()) << what;
  const auto a = load_all<double>(got.view());
  const auto b = load_all<double>(wanted.view());
  const double relative = bit_width(got.type()) == 16 ? 2e-2 : 1e-5;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(b[i]) || std::isinf(b[i])) {
      EXPECT_TRUE(a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])))
          << what << " at " << i << ": " << a[i] << " and " << b[i];
    } else {
      EXPECT_NEAR(a[i], b[i], relative * (1 + std::abs(b[i]))) << what << " at " << i;
    }
  }
}

void check(std::string_view name, const std::vector<ElementType>& types,
           const Attributes& attributes = {}) {
  const std::string what = fmt::format("{} {}", name, cermet::name(types[0]));
  const auto expression = scalar_expression(name, attributes, types);
  ASSERT_TRUE(expression.has_value()) << what;
  std::mt19937 random(1);
  std::vector<std::optional<Value>> inputs;
  std::vector<ConstTensorView> views;
  for (const ElementType type : types) {
    if (type == ElementType::undefined) {
      inputs.emplace_back();
      views.emplace_back();
      continue;
    }
    inputs.emplace_back(random_tensor(type, random));
    // Bounds of Clip, scales and zero points are scalars.
    const bool scalar = !views.empty() && (name == "Clip" || name.ends_with("Linear"));
    if (scalar) {
      Tensor one(type, {});
      store_element(one.view(), 0, is_floating(type) && name != "Clip" ? 0.25 : 1.0);
      inputs.back() = Value(one);
    }
    views.push_back(std::as_const(inputs.back()->tensor).view());
  }
  const Tensor wanted = evaluated(name, inputs, attributes)[0].tensor;
  Tensor got(expression->result_type(), {count});
  const TensorView result = got.view();
  evaluate_reference(*expression, views, {&result, 1});
  expect_close(got, wanted, what);
}

TEST(ScalarExpression, FunctionsOfFloatsAgreeWithTheirKernels) {
  for (const char* name : {"Abs",
                           "Acos",
                           "Acosh",
                           "Asin",
                           "Asinh",
                           "Atan",
                           "Atanh",
                           "Ceil",
                           "Celu",
                           "Cos",
                           "Cosh",
                           "Elu",
                           "Erf",
                           "Exp",
                           "Floor",
                           "Gelu",
                           "IsInf",
                           "IsNaN",
                           "HardSigmoid",
                           "HardSwish",
                           "Identity",
                           "LeakyRelu",
                           "Log",
                           "Mish",
                           "Neg",
                           "Reciprocal",
                           "Relu",
                           "Round",
                           "Selu",
                           "Shrink",
                           "Sigmoid",
                           "Sign",
                           "Sin",
                           "Sinh",
                           "Softplus",
                           "Softsign",
                           "Sqrt",
                           "Swish",
                           "Tan",
                           "Tanh",
                           "ThresholdedRelu"})
    for (const ElementType type :
         {ElementType::float32, ElementType::float64, ElementType::float16, ElementType::bfloat16})
      check(name, {type});
  check("Gelu", {ElementType::float32}, with({{"approximate", std::string("tanh")}}));
  check("IsInf", {ElementType::float32}, with({{"detect_negative", int64_t{0}}}));
  check("Swish", {ElementType::float32}, with({{"alpha", 2.0}}));
}

TEST(ScalarExpression, FunctionsOfTwoNumbersAgreeWithTheirKernels) {
  for (const ElementType type : {ElementType::float32, ElementType::float16, ElementType::int32,
                                 ElementType::int8, ElementType::uint64})
    for (const char* name : {"Add", "Div", "Equal", "Greater", "GreaterOrEqual", "Less",
                             "LessOrEqual", "Max", "Min", "Mul", "PRelu", "Pow", "Sub", "Sum"})
      check(name, {type, type});
  check("Mod", {ElementType::int32, ElementType::int32});
  check("Mod", {ElementType::float32, ElementType::float32}, with({{"fmod", int64_t{1}}}));
  check("Mean", {ElementType::float16, ElementType::float16, ElementType::float16});
  check("Pow", {ElementType::float32, ElementType::int64});
  check("Clip", {ElementType::float32, ElementType::undefined, ElementType::float32});
  check("Clip", {ElementType::int32, ElementType::int32, ElementType::int32});
  check("Where", {ElementType::boolean, ElementType::int64, ElementType::int64});
}

TEST(ScalarExpression, BitsAndLogicAgreeWithTheirKernels) {
  for (const char* name : {"BitwiseAnd", "BitwiseOr", "BitwiseXor"})
    check(name, {ElementType::uint8, ElementType::uint8});
  for (const char* name : {"And", "Or", "Xor"})
    check(name, {ElementType::boolean, ElementType::boolean});
  check("Not", {ElementType::boolean});
  check("BitwiseNot", {ElementType::int16});
  for (const char* direction : {"LEFT", "RIGHT"})
    check("BitShift", {ElementType::uint8, ElementType::uint8},
          with({{"direction", std::string(direction)}}));
}

TEST(ScalarExpression, CastsAgreeWithTheirKernels) {
  constexpr ElementType types[] = {
      ElementType::float32, ElementType::float16, ElementType::int64, ElementType::int8,
      ElementType::uint8,   ElementType::boolean, ElementType::int4,  ElementType::float8e4m3fn};
  for (const ElementType from : types)
    for (const ElementType to : types)
      for (const int64_t saturate : {0, 1}) {
        // What infinities become in 4 bits is nobody's business.
        if (to == ElementType::int4 && is_floating(from)) continue;
        check("Cast", {from}, with({{"to", static_cast<int64_t>(to)}, {"saturate", saturate}}));
      }
}

TEST(ScalarExpression, QuantisationAgreesWithItsKernels) {
  for (const ElementType type : {ElementType::int8, ElementType::uint8, ElementType::int4}) {
    check("QuantizeLinear", {ElementType::float32, ElementType::float32, type});
    check("QuantizeLinear", {ElementType::float16, ElementType::float16, type});
    check("DequantizeLinear", {type, ElementType::float32, type});
  }
  check("DequantizeLinear", {ElementType::int32, ElementType::float32});
}

TEST(ScalarExpression, QuotientsAreTiesWhereFloatSaysSo) {
  // 0.5 / (5 / 255) is 25.5 in float and a little less in double.
  const std::vector<ElementType> types{ElementType::float32, ElementType::float32};
  const auto expression = scalar_expression("QuantizeLinear", {}, types);
  const WideScalar operands[] = {{.real = 0.5}, {.real = 5.0F / 255}};
  WideScalar result;
  evaluate_point(*expression, operands, {&result, 1});
  EXPECT_EQ(result.integer, 26);
}

TEST(ScalarExpression, SaysNothingOfOtherTypesAndOperators) {
  const auto none = [](std::string_view name, std::vector<ElementType> types) {
    return !scalar_expression(name, {}, types).has_value();
  };
  EXPECT_TRUE(none("MatMul", {ElementType::float32, ElementType::float32}));
  EXPECT_TRUE(none("Equal", {ElementType::string, ElementType::string}));
  EXPECT_TRUE(none("Sin", {ElementType::int32}));
  EXPECT_TRUE(none("Add", {ElementType::float32}));
  EXPECT_TRUE(none("Add", {ElementType::float32, ElementType::float16}));
}

}  // namespace
}  // namespace cermet::testing
