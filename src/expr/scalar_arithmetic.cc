#include "expr/scalar_arithmetic.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "expr/scalar_cast.h"

namespace cermet {
namespace {

template <class F>
using OpTable = std::array<F, scalar_op_count>;

template <class F>
constexpr OpTable<F> make_table(std::initializer_list<std::pair<ScalarOp, F>> rows) {
  OpTable<F> table{};
  for (const auto& [op, function] : rows) table[static_cast<size_t>(op)] = function;
  return table;
}

template <class F>
F look_up(const OpTable<F>& table, const ScalarNode& node) {
  const F function = table[static_cast<size_t>(node.op)];
  require(function != nullptr, ErrorCode::internal, "no evaluation of the scalar operation {} {}",
          info(node.op).name, name(node.type));
  return function;
}

double real_mod(double a, double b) {
  const double rest = std::fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}
double real_min(double a, double b) { return std::isnan(a) || a < b ? a : b; }
double real_max(double a, double b) { return std::isnan(a) || a > b ? a : b; }
double real_sign(double x) { return std::isnan(x) ? x : static_cast<double>((x > 0) - (x < 0)); }
double sigmoid(double x) {
  return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}
double softplus(double x) { return std::log1p(std::exp(-std::fabs(x))) + (x > 0 ? x : 0); }

using RealUnary = double (*)(double);
using RealBinary = double (*)(double, double);

constexpr auto real_unary = make_table<RealUnary>({
    {ScalarOp::neg, [](double x) { return -x; }},
    {ScalarOp::abs, [](double x) { return std::fabs(x); }},
    {ScalarOp::sign, real_sign},
    {ScalarOp::reciprocal, [](double x) { return 1 / x; }},
    {ScalarOp::sqrt, [](double x) { return std::sqrt(x); }},
    {ScalarOp::exp, [](double x) { return std::exp(x); }},
    {ScalarOp::log, [](double x) { return std::log(x); }},
    {ScalarOp::erf, [](double x) { return std::erf(x); }},
    {ScalarOp::floor, [](double x) { return std::floor(x); }},
    {ScalarOp::ceil, [](double x) { return std::ceil(x); }},
    {ScalarOp::round, [](double x) { return std::nearbyint(x); }},
    {ScalarOp::sin, [](double x) { return std::sin(x); }},
    {ScalarOp::cos, [](double x) { return std::cos(x); }},
    {ScalarOp::tan, [](double x) { return std::tan(x); }},
    {ScalarOp::asin, [](double x) { return std::asin(x); }},
    {ScalarOp::acos, [](double x) { return std::acos(x); }},
    {ScalarOp::atan, [](double x) { return std::atan(x); }},
    {ScalarOp::sinh, [](double x) { return std::sinh(x); }},
    {ScalarOp::cosh, [](double x) { return std::cosh(x); }},
    {ScalarOp::tanh, [](double x) { return std::tanh(x); }},
    {ScalarOp::asinh, [](double x) { return std::asinh(x); }},
    {ScalarOp::acosh, [](double x) { return std::acosh(x); }},
    {ScalarOp::atanh, [](double x) { return std::atanh(x); }},
    {ScalarOp::sigmoid, sigmoid},
    {ScalarOp::softplus, softplus},
});

constexpr auto real_binary = make_table<RealBinary>({
    {ScalarOp::add, [](double a, double b) { return a + b; }},
    {ScalarOp::sub, [](double a, double b) { return a - b; }},
    {ScalarOp::mul, [](double a, double b) { return a * b; }},
    {ScalarOp::div, [](double a, double b) { return a / b; }},
    {ScalarOp::mod, real_mod},
    {ScalarOp::fmod, [](double a, double b) { return std::fmod(a, b); }},
    {ScalarOp::pow, [](double a, double b) { return std::pow(a, b); }},
    {ScalarOp::min, real_min},
    {ScalarOp::max, real_max},
    {ScalarOp::atan2, [](double a, double b) { return std::atan2(a, b); }},
});

// Integers compute on bit patterns where the sign does not matter; T tells it where it does.
uint64_t bits_of(int64_t value) { return static_cast<uint64_t>(value); }
int64_t from_bits(uint64_t bits) { return static_cast<int64_t>(bits); }

// By -1 the quotient is a negation, which wraps where C++ would trap.
template <class T>
int64_t integer_div(int64_t a, int64_t b) {
  if (b == 0) return 0;
  if (std::is_signed_v<T> && b == -1) return from_bits(0 - bits_of(a));
  return static_cast<int64_t>(static_cast<T>(a) / static_cast<T>(b));
}

template <class T>
int64_t integer_fmod(int64_t a, int64_t b) {
  if (b == 0 || (std::is_signed_v<T> && b == -1)) return 0;
  return static_cast<int64_t>(static_cast<T>(a) % static_cast<T>(b));
}

template <class T>
int64_t integer_mod(int64_t a, int64_t b) {
  const int64_t rest = integer_fmod<T>(a, b);
  return std::is_signed_v<T> && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

// A negative power is the reciprocal's, rounded towards zero.
template <class T>
int64_t integer_pow(int64_t base, int64_t exponent) {
  if (std::is_signed_v<T> && exponent < 0) {
    if (base == -1) return exponent % 2 == 0 ? 1 : -1;
    return base == 1 ? 1 : 0;
  }
  uint64_t result = 1;
  uint64_t square = bits_of(base);
  for (uint64_t rest = bits_of(exponent); rest != 0; rest >>= 1) {
    if ((rest & 1) != 0) result *= square;
    square *= square;
  }
  return from_bits(result);
}

template <class T>
int64_t integer_shift_left(int64_t a, int64_t b) {
  return bits_of(b) < 64 ? from_bits(bits_of(a) << b) : 0;
}

template <class T>
int64_t integer_shift_right(int64_t a, int64_t b) {
  const T value = static_cast<T>(a);
  if (bits_of(b) >= 64) return value < T{0} ? -1 : 0;
  return static_cast<int64_t>(value >> b);
}

using IntegerBinary = int64_t (*)(int64_t, int64_t);
using IntegerUnary = int64_t (*)(int64_t);

template <class T>
constexpr OpTable<IntegerBinary> integer_binary = make_table<IntegerBinary>({
    {ScalarOp::add, [](int64_t a, int64_t b) { return from_bits(bits_of(a) + bits_of(b)); }},
    {ScalarOp::sub, [](int64_t a, int64_t b) { return from_bits(bits_of(a) - bits_of(b)); }},
    {ScalarOp::mul, [](int64_t a, int64_t b) { return from_bits(bits_of(a) * bits_of(b)); }},
    {ScalarOp::div, integer_div<T>},
    {ScalarOp::mod, integer_mod<T>},
    {ScalarOp::fmod, integer_fmod<T>},
    {ScalarOp::pow, integer_pow<T>},
    {ScalarOp::min,
     [](int64_t a, int64_t b) { return static_cast<T>(b) < static_cast<T>(a) ? b : a; }},
    {ScalarOp::max,
     [](int64_t a, int64_t b) { return static_cast<T>(a) < static_cast<T>(b) ? b : a; }},
    {ScalarOp::bit_and, [](int64_t a, int64_t b) { return a & b; }},
    {ScalarOp::bit_or, [](int64_t a, int64_t b) { return a | b; }},
    {ScalarOp::bit_xor, [](int64_t a, int64_t b) { return a ^ b; }},
    {ScalarOp::shift_left, integer_shift_left<T>},
    {ScalarOp::shift_right, integer_shift_right<T>},
    {ScalarOp::logical_and, [](int64_t a, int64_t b) { return a & b; }},
    {ScalarOp::logical_or, [](int64_t a, int64_t b) { return a | b; }},
    {ScalarOp::logical_xor, [](int64_t a, int64_t b) { return a ^ b; }},
    {ScalarOp::equal, [](int64_t a, int64_t b) -> int64_t { return a == b; }},
    {ScalarOp::less,
     [](int64_t a, int64_t b) -> int64_t { return static_cast<T>(a) < static_cast<T>(b); }},
    {ScalarOp::less_equal,
     [](int64_t a, int64_t b) -> int64_t { return static_cast<T>(a) <= static_cast<T>(b); }},
});

template <class T>
constexpr OpTable<IntegerUnary> integer_unary = make_table<IntegerUnary>({
    {ScalarOp::neg, [](int64_t a) { return from_bits(0 - bits_of(a)); }},
    {ScalarOp::abs,
     [](int64_t a) { return static_cast<T>(a) < T{0} ? from_bits(0 - bits_of(a)) : a; }},
    {ScalarOp::sign,
     [](int64_t a) -> int64_t { return (static_cast<T>(a) > T{0}) - (static_cast<T>(a) < T{0}); }},
    {ScalarOp::logical_not, [](int64_t a) -> int64_t { return a == 0; }},
    {ScalarOp::bit_not, [](int64_t a) { return ~a; }},
});

using RealRelation = bool (*)(double, double);

// The tests of one float ignore their second argument.
constexpr auto real_relation = make_table<RealRelation>({
    {ScalarOp::equal, [](double a, double b) { return a == b; }},
    {ScalarOp::less, [](double a, double b) { return a < b; }},
    {ScalarOp::less_equal, [](double a, double b) { return a <= b; }},
    {ScalarOp::is_nan, [](double a, double) { return std::isnan(a); }},
    {ScalarOp::is_inf, [](double a, double) { return std::isinf(a); }},
});

WideScalar apply_real(const ScalarNode& node, std::span<const WideScalar> args) {
  if (node.type == ElementType::boolean) {
    return {.integer = look_up(real_relation, node)(args[0].real, args.back().real)};
  }
  if (args.size() == 1) return {.real = look_up(real_unary, node)(args[0].real)};
  const double value = look_up(real_binary, node)(args[0].real, args[1].real);
  if (node.op != ScalarOp::div || !std::isfinite(value)) return {.real = value};
  return {.real = round_to_type(node.type, value, false)};
}

template <class T>
WideScalar apply_integer(const ScalarNode& node, std::span<const WideScalar> args) {
  const int64_t wide = args.size() == 1
                           ? look_up(integer_unary<T>, node)(args[0].integer)
                           : look_up(integer_binary<T>, node)(args[0].integer, args[1].integer);
  return {.integer = wrap_integer(node.type, wide)};
}

}  // namespace

WideScalar apply_scalar(const ScalarNode& node, ElementType type,
                        std::span<const WideScalar> args) {
  if (node.op == ScalarOp::select) return args[0].integer != 0 ? args[1] : args[2];
  if (is_floating(type)) return apply_real(node, args);
  return is_signed_integer(type) ? apply_integer<int64_t>(node, args)
                                 : apply_integer<uint64_t>(node, args);
}

}  // namespace cermet
