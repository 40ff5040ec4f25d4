#include "base/float_format.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace cermet {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Table {
  ElementType type;
  std::vector<double> values;  // by code without sign
};

// Printed by make_float_table.py.
const Table tables[] = {
#include "float_table.inc"
};

// The code without sign whose value is nearest; of two, the even one.
uint32_t nearest_code(const std::vector<double>& values, double magnitude) {
  uint32_t best = 0;
  for (uint32_t code = 1; code < values.size(); ++code) {
    if (!std::isfinite(values[code])) continue;
    const double distance = std::abs(values[code] - magnitude);
    const double best_distance = std::abs(values[best] - magnitude);
    if (distance < best_distance || (distance == best_distance && code % 2 == 0)) best = code;
  }
  return best;
}

TEST(FloatFormat, DecodesEveryCodeOfTheTables) {
  for (const Table& table : tables)
    for (uint32_t code = 1; code < table.values.size(); ++code) {
      const double expected = table.values[code];
      const uint32_t sign = float_format(table.type).sign_bit();
      const double positive = decode_float(table.type, code);
      const double negative = decode_float(table.type, code | sign);
      if (std::isnan(expected)) {
        EXPECT_TRUE(std::isnan(positive) && std::isnan(negative)) << name(table.type) << code;
      } else {
        EXPECT_EQ(positive, expected) << name(table.type) << " " << code;
        EXPECT_EQ(negative, -expected) << name(table.type) << " " << code;
      }
    }
}

TEST(FloatFormat, EncodesEveryValueAndMidpointToTheNearest) {
  for (const Table& table : tables)
    for (uint32_t code = 0; code < table.values.size(); ++code) {
      const double value = table.values[code];
      if (!std::isfinite(value)) continue;
      const bool last = code + 1 == table.values.size() || !std::isfinite(table.values[code + 1]);
      const double middle = last ? value * 1.01 : (value + table.values[code + 1]) / 2;
      for (const double x :
           {value, middle, std::nextafter(middle, 0), std::nextafter(middle, infinity)}) {
        const uint32_t expected = nearest_code(table.values, x);
        EXPECT_EQ(encode_float(table.type, x), expected) << name(table.type) << " " << x;
        const uint32_t sign =
            expected == 0 && float_format(table.type).specials == FloatSpecials::nan_sign_only
                ? 0
                : float_format(table.type).sign_bit();
        EXPECT_EQ(encode_float(table.type, -x), expected | sign) << name(table.type) << " " << -x;
      }
    }
}

struct Special {
  ElementType type;
  double value;
  uint32_t saturated;
  uint32_t unsaturated;
};

// The tables of ONNX's Cast.
TEST(FloatFormat, TreatsSpecialValuesAsCastDoes) {
  const Special cases[] = {
      {ElementType::float8e4m3fn, nan, 0x7f, 0x7f},
      {ElementType::float8e4m3fn, infinity, 0x7e, 0x7f},
      {ElementType::float8e4m3fn, -infinity, 0xfe, 0xff},
      {ElementType::float8e4m3fn, 464.0, 0x7e, 0x7e},
      {ElementType::float8e4m3fn, 465.0, 0x7e, 0x7f},
      {ElementType::float8e4m3fn, -1e300, 0xfe, 0xff},
      {ElementType::float8e4m3fnuz, nan, 0x80, 0x80},
      {ElementType::float8e4m3fnuz, infinity, 0x7f, 0x80},
      {ElementType::float8e4m3fnuz, -1e6, 0xff, 0x80},
      {ElementType::float8e4m3fnuz, -0.0, 0x00, 0x00},
      {ElementType::float8e4m3fnuz, -1e-9, 0x00, 0x00},
      {ElementType::float8e5m2, nan, 0x7e, 0x7e},
      {ElementType::float8e5m2, infinity, 0x7b, 0x7c},
      {ElementType::float8e5m2, -1e6, 0xfb, 0xfc},
      {ElementType::float8e5m2, -0.0, 0x80, 0x80},
      {ElementType::float8e5m2fnuz, -infinity, 0xff, 0x80},
      {ElementType::float4e2m1, 1e6, 0x7, 0x7},
      {ElementType::float4e2m1, -infinity, 0xf, 0xf},
      {ElementType::float4e2m1, nan, 0x8, 0x8},
      {ElementType::float16, 1e6, 0x7bff, 0x7c00},
      {ElementType::float16, infinity, 0x7c00, 0x7c00},
      {ElementType::float16, nan, 0x7e00, 0x7e00},
      {ElementType::bfloat16, -1e300, 0xff7f, 0xff80},
      {ElementType::float8e8m0, 0.0, 0x00, 0xff},
      {ElementType::float8e8m0, nan, 0xff, 0xff},
      {ElementType::float8e8m0, infinity, 0xfe, 0xff},
      {ElementType::float8e8m0, 1e300, 0xfe, 0xff},
      {ElementType::float8e8m0, 1e-300, 0x00, 0xff},
  };
  for (const Special& c : cases) {
    EXPECT_EQ(encode_float(c.type, c.value, true), c.saturated) << name(c.type) << " " << c.value;
    EXPECT_EQ(encode_float(c.type, c.value, false), c.unsaturated)
        << name(c.type) << " " << c.value;
  }
}

TEST(FloatFormat, RoundsPowersOfTwoAsAsked) {
  const auto encode = [](double value, Rounding rounding) {
    return encode_float(ElementType::float8e8m0, value, true, rounding);
  };
  for (uint32_t code = 0; code < 0xff; ++code) {
    const double value = std::ldexp(1.0, static_cast<int>(code) - 127);
    EXPECT_EQ(decode_float(ElementType::float8e8m0, code), value);
    for (const Rounding r : {Rounding::nearest_even, Rounding::up, Rounding::down})
      EXPECT_EQ(encode(value, r), code);
    const uint32_t above = std::min(code + 1, 0xfeu);
    EXPECT_EQ(encode(value * 1.1, Rounding::up), above);
    EXPECT_EQ(encode(value * 1.9, Rounding::down), code);
    EXPECT_EQ(encode(value * 1.49, Rounding::nearest_even), code);
    EXPECT_EQ(encode(value * 1.5, Rounding::nearest_even), above);  // ties go up
  }
  EXPECT_TRUE(std::isnan(decode_float(ElementType::float8e8m0, 0xff)));
}

TEST(FloatFormat, AgreesWithTheCompilersHalf) {
  for (uint32_t code = 0; code < 0x10000; ++code) {
    const auto bits = static_cast<uint16_t>(code);
    const auto expected = static_cast<double>(std::bit_cast<_Float16>(bits));
    const double value = decode_float(ElementType::float16, code);
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(value));
      continue;
    }
    ASSERT_EQ(value, expected) << code;
    if (!std::isfinite(value)) continue;
    const double next = decode_float(ElementType::float16, code + 1);
    const double middle = std::isfinite(next) ? value + (next - value) / 2 : value;
    for (const double x :
         {value, middle, std::nextafter(middle, -infinity), std::nextafter(middle, infinity)})
      ASSERT_EQ(encode_float(ElementType::float16, x, false),
                std::bit_cast<uint16_t>(static_cast<_Float16>(x)))
          << x;
  }
}

TEST(FloatFormat, RoundsDoublesOnce) {
  // Just above a tie of bfloat16, by less than float32 can tell.
  const double x = 1.0 + std::ldexp(1.0, -8) + std::ldexp(1.0, -40);
  EXPECT_EQ(encode_float(ElementType::bfloat16, x), 0x3f81u);
  EXPECT_EQ(encode_float(ElementType::bfloat16, 1.0 + std::ldexp(1.0, -8)), 0x3f80u);
  EXPECT_EQ(decode_float(ElementType::bfloat16, 0x0001), std::ldexp(1.0, -133));
  EXPECT_EQ(encode_float(ElementType::bfloat16, std::ldexp(1.0, -134)), 0u);
  EXPECT_EQ(encode_float(ElementType::bfloat16, std::ldexp(1.01, -134)), 1u);
}

TEST(FloatFormat, RefusesOtherTypes) {
  EXPECT_THROW(encode_float(ElementType::float32, 1.0), Error);
  EXPECT_THROW(decode_float(ElementType::int8, 1), Error);
}

}  // namespace
}  // namespace cermet
