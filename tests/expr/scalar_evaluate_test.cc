#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "expr/scalar_expr.h"

namespace cermet {
namespace {

using enum ElementType;

double nan_value() { return std::numeric_limits<double>::quiet_NaN(); }

WideScalar evaluate(const ScalarExpr& expr, std::vector<WideScalar> operands) {
  WideScalar result;
  evaluate_point(expr, operands, std::span(&result, 1));
  return result;
}

ScalarExpr operation(ScalarOp op, ElementType result, ElementType argument) {
  ScalarExpr expr;
  std::vector<int> args;
  for (int i = 0; i < info(op).arity; ++i) args.push_back(expr.input(i, argument));
  expr.add_result(expr.apply(op, result, args));
  return expr;
}

double real(ScalarOp op, std::initializer_list<double> args, ElementType type = float64) {
  std::vector<WideScalar> operands;
  for (const double arg : args) operands.push_back({.real = arg});
  return evaluate(operation(op, type, type), operands).real;
}

int64_t whole(ScalarOp op, ElementType type, std::initializer_list<int64_t> args) {
  std::vector<WideScalar> operands;
  for (const int64_t arg : args) operands.push_back({.integer = arg});
  return evaluate(operation(op, type, type), operands).integer;
}

bool relation(ScalarOp op, double a, double b) {
  return evaluate(operation(op, boolean, float64), {{.real = a}, {.real = b}}).integer != 0;
}

WideScalar cast(const WideScalar& value, ElementType from, ElementType to, bool saturate = true) {
  ScalarExpr expr;
  expr.add_result(expr.cast(expr.input(0, from), to, saturate));
  return evaluate(expr, {value});
}

TEST(ScalarEvaluate, EveryFloatOperation) {
  struct Case {
    ScalarOp op;
    std::initializer_list<double> args;
    double expected;
  };
  for (const Case& c : std::initializer_list<Case>{
           {ScalarOp::add, {1, 2}, 3},
           {ScalarOp::sub, {1, 2}, -1},
           {ScalarOp::mul, {3, 2}, 6},
           {ScalarOp::div, {1, 0}, INFINITY},
           {ScalarOp::mod, {-7, 3}, 2},
           {ScalarOp::mod, {7, -3}, -2},
           {ScalarOp::mod, {6, 3}, 0},
           {ScalarOp::fmod, {-7, 3}, -1},
           {ScalarOp::fmod, {7, -3}, 1},
           {ScalarOp::pow, {2, -1}, 0.5},
           {ScalarOp::pow, {0, 0}, 1},
           {ScalarOp::min, {1, 2}, 1},
           {ScalarOp::max, {1, 2}, 2},
           {ScalarOp::atan2, {1, -1}, 3 * M_PI / 4},
           {ScalarOp::neg, {2}, -2},
           {ScalarOp::abs, {-2}, 2},
           {ScalarOp::sign, {-2}, -1},
           {ScalarOp::sign, {0}, 0},
           {ScalarOp::reciprocal, {4}, 0.25},
           {ScalarOp::sqrt, {9}, 3},
           {ScalarOp::exp, {1}, M_E},
           {ScalarOp::log, {M_E}, 1},
           {ScalarOp::log, {0}, -INFINITY},
           {ScalarOp::erf, {0.5}, 0.5204998778130465},
           {ScalarOp::floor, {-1.5}, -2},
           {ScalarOp::ceil, {-1.5}, -1},
           {ScalarOp::round, {2.5}, 2},
           {ScalarOp::round, {3.5}, 4},
           {ScalarOp::round, {-2.5}, -2},
           {ScalarOp::round, {0.49999999999999994}, 0},
           {ScalarOp::sin, {1}, 0.8414709848078965},
           {ScalarOp::cos, {1}, 0.5403023058681398},
           {ScalarOp::tan, {1}, 1.5574077246549023},
           {ScalarOp::asin, {1}, M_PI_2},
           {ScalarOp::acos, {-1}, M_PI},
           {ScalarOp::atan, {1}, M_PI_4},
           {ScalarOp::sinh, {1}, 1.1752011936438014},
           {ScalarOp::cosh, {1}, 1.5430806348152437},
           {ScalarOp::tanh, {1}, 0.7615941559557649},
           {ScalarOp::asinh, {1}, 0.881373587019543},
           {ScalarOp::acosh, {2}, 1.3169578969248166},
           {ScalarOp::atanh, {0.5}, 0.5493061443340548},
           {ScalarOp::sigmoid, {0}, 0.5},
           {ScalarOp::sigmoid, {-1000}, 0},
           {ScalarOp::sigmoid, {1000}, 1},
           {ScalarOp::softplus, {0}, M_LN2},
           {ScalarOp::softplus, {1000}, 1000},
           {ScalarOp::softplus, {-1000}, 0},
       }) {
    const double got = real(c.op, c.args);
    if (std::isinf(c.expected)) {
      EXPECT_EQ(got, c.expected) << info(c.op).name;
    } else {
      EXPECT_NEAR(got, c.expected, 1e-15 * std::max(1.0, std::fabs(c.expected))) << info(c.op).name;
    }
  }
}

TEST(ScalarEvaluate, NanPropagates) {
  for (const ScalarOp op : {ScalarOp::min, ScalarOp::max, ScalarOp::add, ScalarOp::mod}) {
    EXPECT_TRUE(std::isnan(real(op, {nan_value(), 1}))) << info(op).name;
    EXPECT_TRUE(std::isnan(real(op, {1, nan_value()}))) << info(op).name;
  }
  for (const ScalarOp op : {ScalarOp::sign, ScalarOp::sigmoid, ScalarOp::softplus, ScalarOp::round,
                            ScalarOp::abs, ScalarOp::erf}) {
    EXPECT_TRUE(std::isnan(real(op, {nan_value()}))) << info(op).name;
  }
  EXPECT_TRUE(std::isnan(real(ScalarOp::sqrt, {-1})));
  EXPECT_TRUE(std::isnan(real(ScalarOp::mod, {1, 0})));
}

TEST(ScalarEvaluate, Relations) {
  EXPECT_TRUE(relation(ScalarOp::less, 1, 2));
  EXPECT_FALSE(relation(ScalarOp::less, 2, 2));
  EXPECT_TRUE(relation(ScalarOp::less_equal, 2, 2));
  EXPECT_TRUE(relation(ScalarOp::equal, 0.0, -0.0));
  for (const ScalarOp op : {ScalarOp::less, ScalarOp::less_equal, ScalarOp::equal}) {
    EXPECT_FALSE(relation(op, nan_value(), nan_value())) << info(op).name;
  }
  const ScalarExpr is_nan = operation(ScalarOp::is_nan, boolean, float32);
  const ScalarExpr is_inf = operation(ScalarOp::is_inf, boolean, float32);
  EXPECT_EQ(evaluate(is_nan, {{.real = nan_value()}}).integer, 1);
  EXPECT_EQ(evaluate(is_nan, {{.real = INFINITY}}).integer, 0);
  EXPECT_EQ(evaluate(is_inf, {{.real = -INFINITY}}).integer, 1);
  EXPECT_EQ(evaluate(is_inf, {{.real = nan_value()}}).integer, 0);
  const ScalarExpr less = operation(ScalarOp::less, boolean, uint64);
  EXPECT_EQ(evaluate(less, {{.integer = 1}, {.integer = -1}}).integer, 1);
  const ScalarExpr less_signed = operation(ScalarOp::less, boolean, int64);
  EXPECT_EQ(evaluate(less_signed, {{.integer = 1}, {.integer = -1}}).integer, 0);
}

TEST(ScalarEvaluate, IntegersWrapToTheirWidth) {
  EXPECT_EQ(whole(ScalarOp::add, int8, {127, 1}), -128);
  EXPECT_EQ(whole(ScalarOp::add, uint8, {255, 1}), 0);
  EXPECT_EQ(whole(ScalarOp::sub, uint32, {0, 1}), 0xffffffff);
  EXPECT_EQ(whole(ScalarOp::mul, int32, {1 << 30, 4}), 0);
  EXPECT_EQ(whole(ScalarOp::add, int64, {INT64_MAX, 1}), INT64_MIN);
  EXPECT_EQ(whole(ScalarOp::add, int4, {7, 1}), -8);
  EXPECT_EQ(whole(ScalarOp::add, uint2, {3, 1}), 0);
  EXPECT_EQ(whole(ScalarOp::neg, int8, {-128}), -128);
  EXPECT_EQ(whole(ScalarOp::abs, int8, {-128}), -128);
  EXPECT_EQ(whole(ScalarOp::abs, int64, {INT64_MIN}), INT64_MIN);
  EXPECT_EQ(whole(ScalarOp::abs, uint64, {-1}), -1);
  EXPECT_EQ(whole(ScalarOp::neg, uint8, {1}), 255);
  EXPECT_EQ(whole(ScalarOp::bit_not, uint8, {1}), 254);
  EXPECT_EQ(whole(ScalarOp::bit_not, int8, {1}), -2);
  EXPECT_EQ(whole(ScalarOp::sign, int32, {-5}), -1);
  EXPECT_EQ(whole(ScalarOp::sign, uint64, {-5}), 1);
}

TEST(ScalarEvaluate, IntegerDivision) {
  EXPECT_EQ(whole(ScalarOp::div, int32, {-7, 2}), -3);
  EXPECT_EQ(whole(ScalarOp::div, int32, {7, 0}), 0);
  EXPECT_EQ(whole(ScalarOp::div, int32, {INT32_MIN, -1}), INT32_MIN);
  EXPECT_EQ(whole(ScalarOp::div, int64, {INT64_MIN, -1}), INT64_MIN);
  EXPECT_EQ(whole(ScalarOp::div, uint64, {-1, 2}), INT64_MAX);
  EXPECT_EQ(whole(ScalarOp::div, uint64, {7, -1}), 0);
  EXPECT_EQ(whole(ScalarOp::mod, int32, {-7, 3}), 2);
  EXPECT_EQ(whole(ScalarOp::mod, int32, {7, -3}), -2);
  EXPECT_EQ(whole(ScalarOp::mod, int32, {7, 0}), 0);
  EXPECT_EQ(whole(ScalarOp::mod, int64, {INT64_MIN, -1}), 0);
  EXPECT_EQ(whole(ScalarOp::mod, uint64, {-1, 10}), 5);
  EXPECT_EQ(whole(ScalarOp::fmod, int32, {-7, 3}), -1);
  EXPECT_EQ(whole(ScalarOp::fmod, int32, {7, -3}), 1);
  EXPECT_EQ(whole(ScalarOp::fmod, uint8, {7, 0}), 0);
}

TEST(ScalarEvaluate, IntegerPowersShiftsAndBits) {
  EXPECT_EQ(whole(ScalarOp::pow, int32, {-3, 3}), -27);
  EXPECT_EQ(whole(ScalarOp::pow, int32, {0, 0}), 1);
  EXPECT_EQ(whole(ScalarOp::pow, int32, {2, -1}), 0);
  EXPECT_EQ(whole(ScalarOp::pow, int32, {-1, -3}), -1);
  EXPECT_EQ(whole(ScalarOp::pow, int32, {-1, -4}), 1);
  EXPECT_EQ(whole(ScalarOp::pow, int32, {0, -4}), 0);
  EXPECT_EQ(whole(ScalarOp::pow, uint8, {2, 8}), 0);
  EXPECT_EQ(whole(ScalarOp::shift_left, uint8, {129, 1}), 2);
  EXPECT_EQ(whole(ScalarOp::shift_left, uint8, {1, 8}), 0);
  EXPECT_EQ(whole(ScalarOp::shift_left, uint64, {1, 64}), 0);
  EXPECT_EQ(whole(ScalarOp::shift_left, int32, {1, -1}), 0);
  EXPECT_EQ(whole(ScalarOp::shift_right, uint64, {-1, 63}), 1);
  EXPECT_EQ(whole(ScalarOp::shift_right, uint64, {-1, 64}), 0);
  EXPECT_EQ(whole(ScalarOp::shift_right, uint8, {255, 9}), 0);
  EXPECT_EQ(whole(ScalarOp::shift_right, int8, {-128, 2}), -32);
  EXPECT_EQ(whole(ScalarOp::shift_right, int8, {-128, 100}), -1);
  EXPECT_EQ(whole(ScalarOp::bit_and, int8, {-1, 6}), 6);
  EXPECT_EQ(whole(ScalarOp::bit_or, uint8, {1, 6}), 7);
  EXPECT_EQ(whole(ScalarOp::bit_xor, int8, {-1, 6}), -7);
  EXPECT_EQ(whole(ScalarOp::min, uint64, {-1, 6}), 6);
  EXPECT_EQ(whole(ScalarOp::max, int64, {-1, 6}), 6);
}

TEST(ScalarEvaluate, Booleans) {
  for (const int64_t a : {0, 1}) {
    for (const int64_t b : {0, 1}) {
      EXPECT_EQ(whole(ScalarOp::logical_and, boolean, {a, b}), a && b);
      EXPECT_EQ(whole(ScalarOp::logical_or, boolean, {a, b}), a || b);
      EXPECT_EQ(whole(ScalarOp::logical_xor, boolean, {a, b}), a != b);
      EXPECT_EQ(whole(ScalarOp::equal, boolean, {a, b}), a == b);
    }
    EXPECT_EQ(whole(ScalarOp::logical_not, boolean, {a}), !a);
  }
  const ScalarExpr select = ScalarExpr::parse(
      "%0 = input boolean 0; %1 = constant uint8 7; %2 = constant uint8 9; "
      "%3 = select uint8 %0 %1 %2; -> %3");
  EXPECT_EQ(evaluate(select, {{.integer = 1}}).integer, 7);
  EXPECT_EQ(evaluate(select, {{.integer = 0}}).integer, 9);
}

TEST(ScalarCast, FloatsToIntegers) {
  EXPECT_EQ(cast({.real = -1.9}, float32, int32).integer, -1);
  EXPECT_EQ(cast({.real = 300}, float32, uint8).integer, 255);
  EXPECT_EQ(cast({.real = 300}, float32, uint8, false).integer, 44);
  EXPECT_EQ(cast({.real = -1}, float32, uint8).integer, 0);
  EXPECT_EQ(cast({.real = -1}, float32, uint8, false).integer, 255);
  EXPECT_EQ(cast({.real = 9}, float32, int4).integer, 7);
  EXPECT_EQ(cast({.real = 9}, float32, int4, false).integer, -7);
  EXPECT_EQ(cast({.real = -9}, float32, int4).integer, -8);
  EXPECT_EQ(cast({.real = 1e30}, float32, int64).integer, INT64_MAX);
  EXPECT_EQ(cast({.real = -1e30}, float32, int64).integer, INT64_MIN);
  EXPECT_EQ(cast({.real = -0x1p63}, float64, int64).integer, INT64_MIN);
  EXPECT_EQ(cast({.real = 0x1p64}, float64, uint64).integer, -1);
  EXPECT_EQ(cast({.real = 0x1p63}, float64, uint64).integer, INT64_MIN);
  EXPECT_EQ(cast({.real = 0x1p64 + 0x1p20}, float64, uint32, false).integer, 1 << 20);
  for (const bool saturate : {true, false}) {
    EXPECT_EQ(cast({.real = nan_value()}, float32, int8, saturate).integer, 0);
  }
  EXPECT_EQ(cast({.real = INFINITY}, float32, int8, true).integer, 127);
  EXPECT_EQ(cast({.real = INFINITY}, float32, int8, false).integer, 0);
  EXPECT_EQ(cast({.real = 0.25}, float32, boolean).integer, 1);
  EXPECT_EQ(cast({.real = -0.0}, float32, boolean).integer, 0);
  EXPECT_EQ(cast({.real = nan_value()}, float32, boolean).integer, 1);
}

TEST(ScalarCast, IntegersToIntegers) {
  EXPECT_EQ(cast({.integer = 300}, int32, int8).integer, 127);
  EXPECT_EQ(cast({.integer = 300}, int32, int8, false).integer, 44);
  EXPECT_EQ(cast({.integer = -1}, int32, uint64).integer, 0);
  EXPECT_EQ(cast({.integer = -1}, int32, uint64, false).integer, -1);
  EXPECT_EQ(cast({.integer = -1}, uint64, int64).integer, INT64_MAX);
  EXPECT_EQ(cast({.integer = -1}, uint64, int64, false).integer, -1);
  EXPECT_EQ(cast({.integer = INT64_MIN}, int64, int2).integer, -2);
  EXPECT_EQ(cast({.integer = 256}, int32, boolean).integer, 1);
  EXPECT_EQ(cast({.integer = 1}, boolean, int2).integer, 1);
}

TEST(ScalarCast, ToFloatsRoundsOnce) {
  EXPECT_EQ(cast({.integer = (1 << 24) + 1}, int32, float32).real, 1 << 24);
  // Through double this would round twice, up to the next float.
  const int64_t tie = (int64_t{1} << 54) + (int64_t{1} << 30) + 1;
  EXPECT_EQ(cast({.integer = tie}, int64, float32).real,
            static_cast<double>(static_cast<float>(tie)));
  EXPECT_EQ(cast({.integer = tie}, int64, float32).real, 0x1p54 + 0x1p31);
  EXPECT_EQ(cast({.integer = -1}, uint64, float64).real, 0x1p64);
  EXPECT_EQ(cast({.integer = -1}, int64, float16).real, -1);
  EXPECT_EQ(cast({.integer = -1}, uint64, bfloat16).real, 0x1p64);
  EXPECT_EQ(cast({.real = 1e6}, float32, float16).real, INFINITY);
  EXPECT_EQ(cast({.real = 1e6}, float32, float8e4m3fn).real, 448);
  EXPECT_TRUE(std::isnan(cast({.real = 1e6}, float32, float8e4m3fn, false).real));
  EXPECT_EQ(cast({.real = 1e6}, float32, float8e5m2).real, 57344);
  EXPECT_EQ(cast({.real = 1e6}, float32, float8e5m2, false).real, INFINITY);
  EXPECT_EQ(cast({.real = 100}, float32, float4e2m1).real, 6);
  EXPECT_EQ(cast({.real = 1.00390625}, float32, bfloat16).real, 1);
}

TEST(ScalarEvaluate, FloatsRoundAtCastsAndResultsOnly) {
  // 1 + 2^-30 - 1 survives in double, though float32 has no 1 + 2^-30.
  const ScalarExpr expr = ScalarExpr::parse(
      "%0 = input float32 0; %1 = constant float32 1; %2 = add float32 %0 %1; "
      "%3 = sub float32 %2 %1; %4 = cast float16 %2; -> %3 %2 %4");
  const WideScalar x{.real = 0x1p-30};
  WideScalar results[3];
  evaluate_point(expr, std::span(&x, 1), results);
  EXPECT_EQ(results[0].real, 0x1p-30);
  EXPECT_EQ(results[1].real, 1);
  EXPECT_EQ(results[2].real, 1);
  EXPECT_EQ(real(ScalarOp::mul, {1e30, 1e30}, float32), INFINITY);
}

TEST(ScalarEvaluate, RefusesTooFewOperands) {
  const ScalarExpr expr = operation(ScalarOp::add, float32, float32);
  EXPECT_THROW(evaluate(expr, {{.real = 1}}), Error);
}

}  // namespace
}  // namespace cermet
