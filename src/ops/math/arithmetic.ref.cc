// Functions of two numbers, and of bits. Integers wrap modulo 2^n; a division of integers by zero
// gives 0 on every machine.
#include <cmath>

#include "ops/math/contents.ref.h"
#include "ops/math/elementwise.ref.h"
#include "ops/math/groups.ref.h"

namespace cermet {
namespace {

// Computes with wrap-around where the type has it.
template <class T, class F>
T wrapping(T a, T b, F f) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(f(static_cast<uint64_t>(a), static_cast<uint64_t>(b)));
  else
    return f(a, b);
}

struct Add {
  template <class T>
  T operator()(T a, T b) const {
    return wrapping(a, b, [](auto x, auto y) { return x + y; });
  }
};

struct Sub {
  template <class T>
  T operator()(T a, T b) const {
    return wrapping(a, b, [](auto x, auto y) { return x - y; });
  }
};

struct Mul {
  template <class T>
  T operator()(T a, T b) const {
    return wrapping(a, b, [](auto x, auto y) { return x * y; });
  }
};

struct Div {
  double operator()(double a, double b) const { return a / b; }
  uint64_t operator()(uint64_t a, uint64_t b) const { return b == 0 ? 0 : a / b; }
  int64_t operator()(int64_t a, int64_t b) const {
    if (b == -1) return static_cast<int64_t>(0 - static_cast<uint64_t>(a));
    return b == 0 ? 0 : a / b;
  }
};

// The sign of the result is the divisor's.
struct FloorMod {
  double operator()(double a, double b) const {
    const double rest = std::fmod(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
  }
  uint64_t operator()(uint64_t a, uint64_t b) const { return b == 0 ? 0 : a % b; }
  int64_t operator()(int64_t a, int64_t b) const {
    if (b == 0 || b == -1) return 0;
    const int64_t rest = a % b;
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
  }
};

// The sign of the result is the dividend's.
struct TruncatedMod {
  double operator()(double a, double b) const { return std::fmod(a, b); }
  uint64_t operator()(uint64_t a, uint64_t b) const { return b == 0 ? 0 : a % b; }
  int64_t operator()(int64_t a, int64_t b) const { return b == 0 || b == -1 ? 0 : a % b; }
};

struct BitAnd {
  template <class T>
  T operator()(T a, T b) const {
    return a & b;
  }
};

struct BitOr {
  template <class T>
  T operator()(T a, T b) const {
    return a | b;
  }
};

struct BitXor {
  template <class T>
  T operator()(T a, T b) const {
    return a ^ b;
  }
};

template <class F>
void evaluate_binary(EvalContext& context) {
  combine_real(context, F());
}

template <std::optional<Dim> (*Rule)(const Dim&, const Dim&)>
void infer_sizes(InferContext& context) {
  infer_numbers(context);
  set_elementwise_contents(context, context.element(0),
                           [](std::span<const Dim> x) { return Rule(x[0], x[1]); });
}

std::optional<Dim> add_dims(const Dim& a, const Dim& b) { return a + b; }
std::optional<Dim> sub_dims(const Dim& a, const Dim& b) { return a - b; }
std::optional<Dim> mul_dims(const Dim& a, const Dim& b) { return a * b; }

void infer_mod(InferContext& context) {
  infer_numbers(context);
  const bool truncated = context.attributes().integer("fmod", 0) != 0;
  context.require(truncated || is_integer(context.element(0)),
                  "fmod: expected 1 for elements of type {}, got 0", name(context.element(0)));
  if (truncated) return;
  set_elementwise_contents(context, context.element(0),
                           [](std::span<const Dim> x) -> std::optional<Dim> {
                             if (!x[1].is_constant() || x[1].constant() == 0) return std::nullopt;
                             return modulo(x[0], x[1]);
                           });
}

void mod(EvalContext& context) {
  if (context.attributes().integer("fmod", 0) != 0)
    combine_real(context, TruncatedMod());
  else
    combine_real(context, FloorMod());
}

// Base and exponent may have different types; the result has the base's.
void infer_pow(InferContext& context) {
  require_element(context, 0, is_number, "a float or integer type");
  require_element(context, 1, is_number, "a float or integer type");
  infer_broadcast(context);
}

// Modulo 2^64. A negative exponent leaves 0, or what powers of 1 and -1 are.
template <class T>
T integer_power(T base, int64_t exponent) {
  if (exponent < 0) {
    if (base == T{1}) return 1;
    if (base == static_cast<T>(-1) && std::is_signed_v<T>)
      return exponent % 2 != 0 ? static_cast<T>(-1) : T{1};
    return 0;
  }
  uint64_t result = 1;
  uint64_t square = static_cast<uint64_t>(base);
  for (; exponent != 0; exponent >>= 1, square *= square)
    if ((exponent & 1) != 0) result *= square;
  return static_cast<T>(result);
}

void pow(EvalContext& context) {
  const TensorView output = context.output(0);
  const ConstTensorView& base = context.input(0);
  const ConstTensorView& exponent = context.input(1);
  if (is_floating(base.type) || is_floating(exponent.type)) {
    auto values = load_broadcast<double>(base, output.shape);
    const auto exponents = load_broadcast<double>(exponent, output.shape);
    for (size_t i = 0; i < values.size(); ++i) values[i] = std::pow(values[i], exponents[i]);
    return store_all(output, values);
  }
  dispatch_real(base.type, [&]<class T>() {
    auto values = load_broadcast<T>(base, output.shape);
    const auto exponents = load_broadcast<int64_t>(exponent, output.shape);
    for (size_t i = 0; i < values.size(); ++i) {
      if constexpr (std::is_integral_v<T>) values[i] = integer_power(values[i], exponents[i]);
    }
    store_all(output, values);
  });
}

void infer_bits(InferContext& context) {
  require_element(context, 0, is_integer, "an integer type");
  require_same_elements(context, 0, 1);
  infer_broadcast(context);
}

template <class F>
void evaluate_bits(EvalContext& context) {
  const TensorView output = context.output(0);
  auto values = load_broadcast<uint64_t>(context.input(0), output.shape);
  const auto other = load_broadcast<uint64_t>(context.input(1), output.shape);
  for (size_t i = 0; i < values.size(); ++i) values[i] = F()(values[i], other[i]);
  store_all(output, values);
}

void infer_shift(InferContext& context) {
  const std::string direction = context.attributes().text("direction");
  context.require(direction == "LEFT" || direction == "RIGHT",
                  "direction: expected \"LEFT\" or \"RIGHT\", got \"{}\"", direction);
  infer_bits(context);
}

// Shifting by the width of the type or more leaves no bit (all sign bits to the right).
void shift(EvalContext& context) {
  if (context.attributes().text("direction") == "LEFT")
    return combine_real(context, []<class T>(T x, T by) {
      if constexpr (std::is_integral_v<T>)
        return static_cast<uint64_t>(by) > 63
                   ? T{0}
                   : static_cast<T>(static_cast<uint64_t>(x) << static_cast<uint64_t>(by));
      else
        return x;
    });
  combine_real(context, []<class T>(T x, T by) {
    if constexpr (std::is_integral_v<T>)
      return static_cast<uint64_t>(by) > 63 ? (x < T{0} ? static_cast<T>(-1) : T{0})
                                            : static_cast<T>(x >> static_cast<uint64_t>(by));
    else
      return x;
  });
}

void infer_bit_not(InferContext& context) {
  require_element(context, 0, is_integer, "an integer type");
  infer_unary(context);
}

void bit_not(EvalContext& context) {
  auto values = load_all<uint64_t>(context.input(0));
  for (uint64_t& value : values) value = ~value;
  store_all(context.output(0), values);
}

constexpr Operator operators[] = {
    {"Add", infer_sizes<add_dims>, evaluate_binary<Add>},
    {"BitShift", infer_shift, shift},
    {"BitwiseAnd", infer_bits, evaluate_bits<BitAnd>},
    {"BitwiseNot", infer_bit_not, bit_not},
    {"BitwiseOr", infer_bits, evaluate_bits<BitOr>},
    {"BitwiseXor", infer_bits, evaluate_bits<BitXor>},
    {"Div", infer_sizes<truncated_div>, evaluate_binary<Div>},
    {"Mod", infer_mod, mod},
    {"Mul", infer_sizes<mul_dims>, evaluate_binary<Mul>},
    {"Pow", infer_pow, pow},
    {"Sub", infer_sizes<sub_dims>, evaluate_binary<Sub>},
};

}  // namespace

std::span<const Operator> arithmetic_operators() { return operators; }

}  // namespace cermet
