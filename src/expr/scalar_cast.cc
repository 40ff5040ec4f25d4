#include "expr/scalar_cast.h"

#include <cmath>
#include <limits>

#include "base/float_format.h"

namespace cermet {
namespace {

struct IntegerLimits {
  int64_t low = 0;
  uint64_t high = 0;
};

IntegerLimits limits(ElementType type) {
  const int bits = bit_width(type);
  if (is_signed_integer(type)) {
    return {-1 - static_cast<int64_t>((uint64_t{1} << (bits - 1)) - 1),
            (uint64_t{1} << (bits - 1)) - 1};
  }
  return {0, ~uint64_t{0} >> (64 - bits)};
}

int64_t integer_from_real(double value, ElementType type, bool saturate) {
  if (std::isnan(value)) return 0;
  const double whole = std::trunc(value);
  if (saturate) {
    const IntegerLimits range = limits(type);
    if (whole <= static_cast<double>(range.low)) return range.low;
    // The first value beyond is a power of two, so it is exact.
    const int digits = bit_width(type) - (is_signed_integer(type) ? 1 : 0);
    if (whole >= std::ldexp(1.0, digits)) {
      return static_cast<int64_t>(range.high);
    }
  } else if (std::isinf(whole)) {
    return 0;
  }
  const double low_bits = std::fmod(std::fabs(whole), 0x1p64);
  const auto bits = static_cast<uint64_t>(low_bits);
  return wrap_integer(type, static_cast<int64_t>(whole < 0 ? 0 - bits : bits));
}

int64_t integer_from_integer(int64_t value, ElementType from, ElementType to, bool saturate) {
  if (!saturate) return wrap_integer(to, value);
  const IntegerLimits range = limits(to);
  const bool negative = is_signed_integer(from) && value < 0;
  if (negative) return value < range.low ? range.low : value;
  const auto magnitude = static_cast<uint64_t>(value);
  return static_cast<int64_t>(magnitude > range.high ? range.high : magnitude);
}

Rounding rounding_of(ElementType type) {
  return type == ElementType::float8e8m0 ? Rounding::up : Rounding::nearest_even;
}

bool saturates(ElementType type, bool saturate) { return saturate && bit_width(type) <= 8; }

// Rounds once, also where double could not hold the integer.
double real_from_integer(int64_t value, ElementType from, ElementType to, bool saturate) {
  const bool is_unsigned = !is_signed_integer(from);
  const auto bits = static_cast<uint64_t>(value);
  if (to == ElementType::float64) {
    return is_unsigned ? static_cast<double>(bits) : static_cast<double>(value);
  }
  if (to == ElementType::float32) {
    return is_unsigned ? static_cast<float>(bits) : static_cast<float>(value);
  }
  const bool negative = !is_unsigned && value < 0;
  const FloatFormat format = float_format(to);
  return decode_float(format, encode_parts(format, negative, negative ? 0 - bits : bits, 0,
                                           saturates(to, saturate), rounding_of(to)));
}

}  // namespace

int64_t wrap_integer(ElementType type, int64_t value) {
  if (type == ElementType::boolean) return value != 0;
  const int unused = 64 - bit_width(type);
  const uint64_t shifted = static_cast<uint64_t>(value) << unused;
  return is_signed_integer(type) ? static_cast<int64_t>(shifted) >> unused
                                 : static_cast<int64_t>(shifted >> unused);
}

double round_to_type(ElementType type, double value, bool saturate) {
  if (type == ElementType::float64) return value;
  if (type == ElementType::float32) return static_cast<float>(value);
  const FloatFormat format = float_format(type);
  return decode_float(format,
                      encode_float(format, value, saturates(type, saturate), rounding_of(type)));
}

WideScalar cast_scalar(const WideScalar& value, ElementType from, ElementType to, bool saturate) {
  WideScalar result;
  if (is_floating(to)) {
    result.real = is_floating(from) ? round_to_type(to, value.real, saturate)
                                    : real_from_integer(value.integer, from, to, saturate);
  } else if (to == ElementType::boolean) {
    result.integer = is_floating(from) ? value.real != 0 : value.integer != 0;
  } else if (is_floating(from)) {
    result.integer = integer_from_real(value.real, to, saturate);
  } else {
    result.integer = integer_from_integer(value.integer, from, to, saturate);
  }
  return result;
}

}  // namespace cermet
