#include "ops/math/scalar_expression.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ops/math/expression_maker.h"

namespace cermet {
namespace {

// Nothing when the operator has no expression on these types or with these attributes.
using Formula = std::optional<Term> (*)(ExpressionMaker&);

// Which types the formula is for. All operands have the same type unless the row is `mixed`.
enum class Takes : uint8_t { floats, numbers, integers, booleans, equatable, mixed };

struct Row {
  std::string_view op;
  Takes takes;
  int operands;  // at least; absent ones not counted
  Formula formula;
};

template <ScalarOp Op>
std::optional<Term> unary(ExpressionMaker& m) {
  return m.apply(Op, {m.operand(0)});
}

template <ScalarOp Op>
std::optional<Term> binary(ExpressionMaker& m) {
  return m.apply(Op, {m.operand(0), m.operand(1)});
}

template <ScalarOp Op>
std::optional<Term> swapped(ExpressionMaker& m) {
  return m.apply(Op, {m.operand(1), m.operand(0)});
}

// Joins all operands from the left.
template <ScalarOp Op>
std::optional<Term> chain(ExpressionMaker& m) {
  Term result = m.operand(0);
  for (size_t i = 1; i < m.operand_count(); ++i) result = m.apply(Op, {result, m.operand(i)});
  return result;
}

// A function of operand 0 computed in at least float32.
template <Term (*Function)(ExpressionMaker&, Term)>
std::optional<Term> activation(ExpressionMaker& m) {
  return m.cast(Function(m, m.wide(0)), m.operand_type(0));
}

Term expm1(Term x) { return call(ScalarOp::exp, x) - 1; }
Term unit_clamp(Term x) { return min(max(x, 0), 1); }

Term celu(ExpressionMaker& m, Term x) {
  const double alpha = m.parameter("alpha", 1.0f);
  return select(less(x, 0), alpha * expm1(x / alpha), x);
}

Term elu(ExpressionMaker& m, Term x) {
  return select(less(x, 0), m.parameter("alpha", 1.0f) * expm1(x), x);
}

Term selu(ExpressionMaker& m, Term x) {
  const double alpha = m.parameter("alpha", 1.67326319217681884765625f);
  const double gamma = m.parameter("gamma", 1.05070102214813232421875f);
  return gamma * select(less(x, 0), alpha * expm1(x), x);
}

Term gelu(ExpressionMaker& m, Term x) {
  if (m.attributes().text("approximate", "none") == "tanh") {
    const double factor = std::sqrt(2 / std::numbers::pi);
    return 0.5 * x * (call(ScalarOp::tanh, factor * (x + 0.044715 * x * x * x)) + 1);
  }
  return 0.5 * x * (call(ScalarOp::erf, std::numbers::sqrt2 / 2 * x) + 1);
}

Term hard_sigmoid(ExpressionMaker& m, Term x) {
  return unit_clamp(m.parameter("alpha", 0.2f) * x + m.parameter("beta", 0.5f));
}

Term hard_swish(ExpressionMaker&, Term x) { return x * unit_clamp(x / 6 + 0.5); }

Term leaky_relu(ExpressionMaker& m, Term x) {
  return select(less(x, 0), m.parameter("alpha", 0.01f) * x, x);
}

Term mish(ExpressionMaker&, Term x) {
  return x * call(ScalarOp::tanh, call(ScalarOp::softplus, x));
}

Term softsign(ExpressionMaker&, Term x) { return x / (call(ScalarOp::abs, x) + 1); }

Term swish(ExpressionMaker& m, Term x) {
  const double alpha = m.parameter("alpha", 1.0f);
  return x * call(ScalarOp::sigmoid, alpha == 1 ? x : alpha * x);
}

Term shrink(ExpressionMaker& m, Term x) {
  const double bias = m.parameter("bias", 0.0f);
  const double lambda = m.parameter("lambd", 0.5f);
  const Term zero = 0 * x;  // keeps NaN
  const Term inner = select(less(m.number(lambda, m.type(x)), x), x - bias, zero);
  return select(less(x, -lambda), x + bias, inner);
}

Term thresholded_relu(ExpressionMaker& m, Term x) {
  const Term alpha = m.number(m.parameter("alpha", 1.0f), m.type(x));
  return select(m.apply(ScalarOp::less_equal, {x, alpha}), m.number(0, m.type(x)), x);
}

std::optional<Term> relu(ExpressionMaker& m) { return max(m.operand(0), 0); }

std::optional<Term> prelu(ExpressionMaker& m) {
  const Term x = m.operand(0);
  return select(less(x, 0), x * m.operand(1), x);
}

std::optional<Term> clip(ExpressionMaker& m) {
  Term x = m.operand(0);
  if (m.has_operand(1)) x = max(x, m.operand(1));
  if (m.has_operand(2)) x = min(x, m.operand(2));
  return x;
}

std::optional<Term> mean(ExpressionMaker& m) {
  Term sum = m.wide(0);
  for (size_t i = 1; i < m.operand_count(); ++i) sum = sum + m.wide(i);
  return m.cast(sum / static_cast<double>(m.operand_count()), m.operand_type(0));
}

std::optional<Term> modulo(ExpressionMaker& m) {
  return m.attributes().integer("fmod", 0) != 0 ? binary<ScalarOp::fmod>(m)
                                                : binary<ScalarOp::mod>(m);
}

std::optional<Term> shift(ExpressionMaker& m) {
  return m.attributes().text("direction", "") == "LEFT" ? binary<ScalarOp::shift_left>(m)
                                                        : binary<ScalarOp::shift_right>(m);
}

// The exponent may have another type than the base, which is the result's.
std::optional<Term> power(ExpressionMaker& m) {
  const ElementType base = m.operand_type(0);
  const ElementType exponent = m.operand_type(1);
  if (base == exponent) return binary<ScalarOp::pow>(m);
  if (!is_floating(base)) return std::nullopt;
  const ElementType type = ExpressionMaker::wide_type(base);
  return m.cast(m.apply(ScalarOp::pow, {m.wide(0), m.cast(m.operand(1), type)}), base);
}

std::optional<Term> is_inf(ExpressionMaker& m) {
  const bool positive = m.attributes().integer("detect_positive", 1) != 0;
  const bool negative = m.attributes().integer("detect_negative", 1) != 0;
  const Term x = m.operand(0);
  const Term infinite = call(ScalarOp::is_inf, x);
  if (positive && negative) return infinite;
  const Term zero = m.number(0, m.type(x));
  if (!positive && !negative) return less(zero, zero);
  const Term sign = positive ? less(zero, x) : less(x, zero);
  return m.apply(ScalarOp::logical_and, {infinite, sign});
}

std::optional<Term> where(ExpressionMaker& m) {
  if (m.operand_type(0) != ElementType::boolean || m.operand_type(1) != m.operand_type(2))
    return std::nullopt;
  return select(m.operand(0), m.operand(1), m.operand(2));
}

std::optional<Term> identity(ExpressionMaker& m) { return m.operand(0); }

bool is_scalar(ElementType type) {
  return is_floating(type) || is_integer(type) || type == ElementType::boolean;
}

// As Cast's kernel: integers wrap, floats out of an integer's range clamp to it, or wrap where it
// has less than 8 bits; the attribute saturate speaks about float8 types alone.
bool cast_saturates(const Attributes& attributes, ElementType from, ElementType to) {
  if (!is_floating(to)) return is_floating(from) && bit_width(to) >= 8;
  return bit_width(to) != 8 || attributes.integer("saturate", 1) != 0;
}

std::optional<Term> cast(ExpressionMaker& m) {
  const auto to = static_cast<ElementType>(m.attributes().integer("to"));
  if (!is_scalar(to)) return std::nullopt;
  if (to == ElementType::float8e8m0 && m.attributes().text("round_mode", "up") != "up")
    return std::nullopt;
  return m.cast(m.operand(0), to, cast_saturates(m.attributes(), m.operand_type(0), to));
}

std::optional<Term> dequantize(ExpressionMaker& m) {
  const auto named = static_cast<ElementType>(m.attributes().integer("output_dtype", 0));
  const ElementType result = named == ElementType::undefined ? m.operand_type(1) : named;
  const ElementType type = ExpressionMaker::wide_type(result);
  if (!is_floating(result) || bit_width(result) < 16) return std::nullopt;
  Term x = m.cast(m.operand(0), type);
  if (m.has_operand(2)) x = x - m.cast(m.operand(2), type);
  return m.cast(x * m.cast(m.operand(1), type), result);
}

// The division rounds to the scale's precision, the rest computes wide.
std::optional<Term> quantize(ExpressionMaker& m) {
  ElementType result = static_cast<ElementType>(m.attributes().integer("output_dtype", 0));
  if (m.has_operand(2)) result = m.operand_type(2);
  if (result == ElementType::undefined) result = ElementType::uint8;
  ElementType type = static_cast<ElementType>(m.attributes().integer("precision", 0));
  if (type == ElementType::undefined) type = m.operand_type(1);
  if (type == ElementType::float8e8m0) type = ElementType::float32;
  if (!is_floating(type) || !is_scalar(result)) return std::nullopt;
  const Term quotient = m.cast(m.operand(0), type) / m.cast(m.operand(1), type);
  Term x = m.cast(quotient, ExpressionMaker::wide_type(type));
  if (!is_floating(result)) x = call(ScalarOp::round, x);
  if (m.has_operand(2)) x = x + m.cast(m.operand(2), m.type(x));
  return m.cast(x, result, !is_floating(result) || m.attributes().integer("saturate", 1) != 0);
}

constexpr Row rows[] = {
    {"Abs", Takes::numbers, 1, unary<ScalarOp::abs>},
    {"Acos", Takes::floats, 1, unary<ScalarOp::acos>},
    {"Acosh", Takes::floats, 1, unary<ScalarOp::acosh>},
    {"Add", Takes::numbers, 2, binary<ScalarOp::add>},
    {"And", Takes::booleans, 2, binary<ScalarOp::logical_and>},
    {"Asin", Takes::floats, 1, unary<ScalarOp::asin>},
    {"Asinh", Takes::floats, 1, unary<ScalarOp::asinh>},
    {"Atan", Takes::floats, 1, unary<ScalarOp::atan>},
    {"Atanh", Takes::floats, 1, unary<ScalarOp::atanh>},
    {"BitShift", Takes::integers, 2, shift},
    {"BitwiseAnd", Takes::integers, 2, binary<ScalarOp::bit_and>},
    {"BitwiseNot", Takes::integers, 1, unary<ScalarOp::bit_not>},
    {"BitwiseOr", Takes::integers, 2, binary<ScalarOp::bit_or>},
    {"BitwiseXor", Takes::integers, 2, binary<ScalarOp::bit_xor>},
    {"Cast", Takes::mixed, 1, cast},
    {"Ceil", Takes::floats, 1, unary<ScalarOp::ceil>},
    {"Celu", Takes::floats, 1, activation<celu>},
    {"Clip", Takes::numbers, 1, clip},
    {"Cos", Takes::floats, 1, unary<ScalarOp::cos>},
    {"Cosh", Takes::floats, 1, unary<ScalarOp::cosh>},
    {"DequantizeLinear", Takes::mixed, 2, dequantize},
    {"Div", Takes::numbers, 2, binary<ScalarOp::div>},
    {"Elu", Takes::floats, 1, activation<elu>},
    {"Equal", Takes::equatable, 2, binary<ScalarOp::equal>},
    {"Erf", Takes::floats, 1, unary<ScalarOp::erf>},
    {"Exp", Takes::floats, 1, unary<ScalarOp::exp>},
    {"Floor", Takes::floats, 1, unary<ScalarOp::floor>},
    {"Gelu", Takes::floats, 1, activation<gelu>},
    {"Greater", Takes::numbers, 2, swapped<ScalarOp::less>},
    {"GreaterOrEqual", Takes::numbers, 2, swapped<ScalarOp::less_equal>},
    {"HardSigmoid", Takes::floats, 1, activation<hard_sigmoid>},
    {"HardSwish", Takes::floats, 1, activation<hard_swish>},
    {"Identity", Takes::mixed, 1, identity},
    {"IsInf", Takes::floats, 1, is_inf},
    {"IsNaN", Takes::floats, 1, unary<ScalarOp::is_nan>},
    {"LeakyRelu", Takes::floats, 1, activation<leaky_relu>},
    {"Less", Takes::numbers, 2, binary<ScalarOp::less>},
    {"LessOrEqual", Takes::numbers, 2, binary<ScalarOp::less_equal>},
    {"Log", Takes::floats, 1, unary<ScalarOp::log>},
    {"Max", Takes::numbers, 1, chain<ScalarOp::max>},
    {"Mean", Takes::floats, 1, mean},
    {"Min", Takes::numbers, 1, chain<ScalarOp::min>},
    {"Mish", Takes::floats, 1, activation<mish>},
    {"Mod", Takes::numbers, 2, modulo},
    {"Mul", Takes::numbers, 2, binary<ScalarOp::mul>},
    {"Neg", Takes::numbers, 1, unary<ScalarOp::neg>},
    {"Not", Takes::booleans, 1, unary<ScalarOp::logical_not>},
    {"Or", Takes::booleans, 2, binary<ScalarOp::logical_or>},
    {"PRelu", Takes::numbers, 2, prelu},
    {"Pow", Takes::mixed, 2, power},
    {"QuantizeLinear", Takes::mixed, 2, quantize},
    {"Reciprocal", Takes::floats, 1, unary<ScalarOp::reciprocal>},
    {"Relu", Takes::numbers, 1, relu},
    {"Round", Takes::floats, 1, unary<ScalarOp::round>},
    {"Selu", Takes::floats, 1, activation<selu>},
    {"Shrink", Takes::floats, 1, activation<shrink>},
    {"Sigmoid", Takes::floats, 1, unary<ScalarOp::sigmoid>},
    {"Sign", Takes::numbers, 1, unary<ScalarOp::sign>},
    {"Sin", Takes::floats, 1, unary<ScalarOp::sin>},
    {"Sinh", Takes::floats, 1, unary<ScalarOp::sinh>},
    {"Softplus", Takes::floats, 1, unary<ScalarOp::softplus>},
    {"Softsign", Takes::floats, 1, activation<softsign>},
    {"Sqrt", Takes::floats, 1, unary<ScalarOp::sqrt>},
    {"Sub", Takes::numbers, 2, binary<ScalarOp::sub>},
    {"Sum", Takes::numbers, 1, chain<ScalarOp::add>},
    {"Swish", Takes::floats, 1, activation<swish>},
    {"Tan", Takes::floats, 1, unary<ScalarOp::tan>},
    {"Tanh", Takes::floats, 1, unary<ScalarOp::tanh>},
    {"ThresholdedRelu", Takes::floats, 1, activation<thresholded_relu>},
    {"Where", Takes::mixed, 3, where},
    {"Xor", Takes::booleans, 2, binary<ScalarOp::logical_xor>},
};

bool takes(Takes takes, ElementType type) {
  switch (takes) {
    case Takes::floats:
      return is_floating(type);
    case Takes::numbers:
      return is_floating(type) || is_integer(type);
    case Takes::integers:
      return is_integer(type);
    case Takes::booleans:
      return type == ElementType::boolean;
    case Takes::equatable:
    case Takes::mixed:
      return is_scalar(type);
  }
  return false;
}

bool fits(const Row& row, std::span<const ElementType> types) {
  if (types.size() < static_cast<size_t>(row.operands)) return false;
  for (size_t i = 0; i < types.size(); ++i) {
    const bool absent = types[i] == ElementType::undefined;
    if (absent && i >= static_cast<size_t>(row.operands)) continue;
    if (!takes(row.takes, types[i])) return false;
    if (row.takes != Takes::mixed && types[i] != types[0]) return false;
  }
  return true;
}

}  // namespace

std::optional<ScalarExpr> scalar_expression(std::string_view op, const Attributes& attributes,
                                            std::span<const ElementType> types) {
  const auto* row = std::find_if(std::begin(rows), std::end(rows),
                                 [&](const Row& candidate) { return candidate.op == op; });
  if (row == std::end(rows) || !fits(*row, types)) return std::nullopt;
  ExpressionMaker maker(attributes, types);
  const auto result = row->formula(maker);
  if (!result) return std::nullopt;
  return maker.finish(*result);
}

}  // namespace cermet
