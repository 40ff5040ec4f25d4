// Functions of one number: mathematics, rounding, signs.
#include <cmath>
#include <numbers>

#include "ops/math/contents.ref.h"
#include "ops/math/elementwise.ref.h"
#include "ops/math/groups.ref.h"

namespace cermet {
namespace {

template <double (*Function)(double)>
void evaluate_double(EvalContext& context) {
  map_double(context, Function);
}

// Ties to even, whatever the rounding mode of the thread is.
double round_to_even(double x) {
  const double rounded = std::round(x);
  return std::abs(x - std::trunc(x)) == 0.5 ? std::copysign(2 * std::round(x / 2), x) : rounded;
}

double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

struct Sign {
  template <class T>
  T operator()(T x) const {
    if (x != x) return x;
    return static_cast<T>((x > T{0} ? 1 : 0) - (x < T{0} ? 1 : 0));
  }
};

struct Absolute {
  double operator()(double x) const { return std::abs(x); }
  int64_t operator()(int64_t x) const {
    return x < 0 ? static_cast<int64_t>(0 - static_cast<uint64_t>(x)) : x;
  }
  uint64_t operator()(uint64_t x) const { return x; }
};

struct Negative {
  double operator()(double x) const { return -x; }
  int64_t operator()(int64_t x) const { return static_cast<int64_t>(0 - static_cast<uint64_t>(x)); }
  uint64_t operator()(uint64_t x) const { return 0 - x; }
};

template <class F>
void evaluate_real(EvalContext& context) {
  map_real(context, F());
}

void infer_negative(InferContext& context) {
  infer_number(context);
  set_elementwise_contents(context, context.element(0),
                           [](std::span<const Dim> x) { return std::optional(Dim(0) - x[0]); });
}

constexpr Operator operators[] = {
    {"Abs", infer_number, evaluate_real<Absolute>},
    {"Acos", infer_float, evaluate_double<std::acos>},
    {"Acosh", infer_float, evaluate_double<std::acosh>},
    {"Asin", infer_float, evaluate_double<std::asin>},
    {"Asinh", infer_float, evaluate_double<std::asinh>},
    {"Atan", infer_float, evaluate_double<std::atan>},
    {"Atanh", infer_float, evaluate_double<std::atanh>},
    {"Ceil", infer_float, evaluate_double<std::ceil>},
    {"Cos", infer_float, evaluate_double<std::cos>},
    {"Cosh", infer_float, evaluate_double<std::cosh>},
    {"Erf", infer_number, evaluate_double<std::erf>},
    {"Exp", infer_float, evaluate_double<std::exp>},
    {"Floor", infer_float, evaluate_double<std::floor>},
    {"Log", infer_float, evaluate_double<std::log>},
    {"Mish", infer_float, evaluate_double<+[](double x) { return x * std::tanh(softplus(x)); }>},
    {"Neg", infer_negative, evaluate_real<Negative>},
    {"Reciprocal", infer_float, evaluate_double<+[](double x) { return 1 / x; }>},
    {"Round", infer_float, evaluate_double<round_to_even>},
    {"Sigmoid", infer_float, evaluate_double<+[](double x) { return 1 / (1 + std::exp(-x)); }>},
    {"Sign", infer_number, evaluate_real<Sign>},
    {"Sin", infer_float, evaluate_double<std::sin>},
    {"Sinh", infer_float, evaluate_double<std::sinh>},
    {"Softplus", infer_float, evaluate_double<softplus>},
    {"Softsign", infer_float, evaluate_double<+[](double x) { return x / (1 + std::abs(x)); }>},
    {"Sqrt", infer_float, evaluate_double<std::sqrt>},
    {"Tan", infer_float, evaluate_double<std::tan>},
    {"Tanh", infer_float, evaluate_double<std::tanh>},
};

}  // namespace

std::span<const Operator> unary_operators() { return operators; }

}  // namespace cermet
