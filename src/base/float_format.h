// One description for every small float format, and the two conversions that follow from it.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

#include "base/scalar.h"

namespace cermet {

// Which codes are not plain numbers.
enum class FloatSpecials : uint8_t {
  ieee,           // exponent field all ones: infinity and NaNs
  nan_all_ones,   // the code of all ones (without sign) is NaN; no infinity
  nan_sign_only,  // the code of minus zero is NaN; no infinity, no minus zero ("fnuz")
  none,           // every code is a number
};

// Codes are sign, exponent field, mantissa from high to low bits. A field e > 0 with mantissa m
// means (1 + m / 2^mantissa_bits) * 2^(e - bias); e = 0 means m / 2^mantissa_bits * 2^(1 - bias).
// A format without mantissa has no zero: its field 0 means 2^(-bias).
struct FloatFormat {
  int exponent_bits = 0;
  int mantissa_bits = 0;
  int bias = 0;
  FloatSpecials specials = FloatSpecials::ieee;
  bool is_signed = true;

  constexpr int bits() const { return exponent_bits + mantissa_bits + (is_signed ? 1 : 0); }
  constexpr bool has_zero() const { return mantissa_bits > 0; }
  constexpr uint32_t sign_bit() const { return is_signed ? 1u << (bits() - 1) : 0; }
  constexpr uint32_t all_ones() const { return (1u << (exponent_bits + mantissa_bits)) - 1; }
  // Largest exponent field, mantissa zero: infinity where the format has one.
  constexpr uint32_t top_exponent() const { return ((1u << exponent_bits) - 1) << mantissa_bits; }
  constexpr uint32_t max_finite() const {
    if (specials == FloatSpecials::ieee) return top_exponent() - 1;
    return specials == FloatSpecials::nan_all_ones ? all_ones() - 1 : all_ones();
  }
  constexpr int min_exponent() const { return (has_zero() ? 1 : 0) - bias; }
};

// The format of a floating type of at most 16 bits; `exponent_bits` is 0 for other types.
constexpr FloatFormat float_format(ElementType type) {
  using enum FloatSpecials;
  switch (type) {
    case ElementType::float16:
      return {5, 10, 15, ieee};
    case ElementType::bfloat16:
      return {8, 7, 127, ieee};
    case ElementType::float8e4m3fn:
      return {4, 3, 7, nan_all_ones};
    case ElementType::float8e4m3fnuz:
      return {4, 3, 8, nan_sign_only};
    case ElementType::float8e5m2:
      return {5, 2, 15, ieee};
    case ElementType::float8e5m2fnuz:
      return {5, 2, 16, nan_sign_only};
    case ElementType::float4e2m1:
      return {2, 1, 1, none};
    case ElementType::float8e8m0:
      return {8, 0, 127, nan_all_ones, false};
    default:
      return {};
  }
}

// The code of NaN. Where the format has none it is minus zero, as ONNX converts it.
constexpr uint32_t nan_code(const FloatFormat& f, bool negative) {
  switch (f.specials) {
    case FloatSpecials::ieee:
      return f.top_exponent() | 1u << (f.mantissa_bits - 1) | (negative ? f.sign_bit() : 0);
    case FloatSpecials::nan_all_ones:
      return f.all_ones() | (negative ? f.sign_bit() : 0);
    default:
      return f.sign_bit();
  }
}

constexpr bool is_nan_code(const FloatFormat& f, uint32_t code) {
  switch (f.specials) {
    case FloatSpecials::ieee:
      return (code & f.all_ones()) > f.top_exponent();
    case FloatSpecials::nan_all_ones:
      return (code & f.all_ones()) == f.all_ones();
    case FloatSpecials::nan_sign_only:
      return code == f.sign_bit();
    case FloatSpecials::none:
      return false;
  }
  return false;
}

// The exact value of a code; bits above the format's are ignored.
constexpr double decode_float(const FloatFormat& f, uint32_t code) {
  code &= f.sign_bit() | f.all_ones();
  if (is_nan_code(f, code)) return std::numeric_limits<double>::quiet_NaN();
  const uint64_t sign = (code & f.sign_bit()) != 0 ? uint64_t{1} << 63 : 0;
  const uint32_t magnitude = code & f.all_ones();
  if (f.specials == FloatSpecials::ieee && magnitude == f.top_exponent())
    return std::bit_cast<double>(sign | uint64_t{0x7ff} << 52);
  const uint32_t field = magnitude >> f.mantissa_bits;
  const uint64_t mantissa = magnitude & ((1u << f.mantissa_bits) - 1);
  const auto power = [](int exponent) {
    return std::bit_cast<double>(static_cast<uint64_t>(exponent + 1023) << 52);
  };
  if (field == 0 && f.has_zero()) {
    const double value = static_cast<double>(mantissa) * power(f.min_exponent() - f.mantissa_bits);
    return std::bit_cast<double>(std::bit_cast<uint64_t>(value) | sign);
  }
  const uint64_t exponent = uint64_t{field} + static_cast<uint64_t>(1023 - f.bias);
  return std::bit_cast<double>(sign | exponent << 52 | mantissa << (52 - f.mantissa_bits));
}

// The code of infinity, or of what becomes of a value too large for the format.
constexpr uint32_t overflow_code(const FloatFormat& f, bool negative, bool saturate) {
  const uint32_t sign = negative ? f.sign_bit() : 0;
  if (saturate || f.specials == FloatSpecials::none) return f.max_finite() | sign;
  return f.specials == FloatSpecials::ieee ? f.top_exponent() | sign : nan_code(f, negative);
}

constexpr uint32_t zero_code(const FloatFormat& f, bool negative, bool saturate) {
  if (!f.has_zero()) return saturate ? 0 : nan_code(f, negative);
  return negative && f.specials != FloatSpecials::nan_sign_only ? f.sign_bit() : 0;
}

// `value` / 2^shift rounded to an integer; shift may be any size.
constexpr uint64_t round_shift(uint64_t value, int shift, bool negative, Rounding rounding) {
  if (shift <= 0) return value << -shift;
  const uint64_t kept = shift < 64 ? value >> shift : 0;
  const uint64_t rest = shift < 64 ? value - (kept << shift) : value;
  if (rest == 0) return kept;
  if (rounding != Rounding::nearest_even)
    return kept + ((rounding == Rounding::up) != negative ? 1 : 0);
  if (shift > 64) return kept;
  const uint64_t half = uint64_t{1} << (shift - 1);
  return kept + (rest > half || (rest == half && (kept & 1) != 0) ? 1 : 0);
}

// The code of significand * 2^exponent, negated if so, rounded once. A format without sign takes
// the magnitude.
constexpr uint32_t encode_parts(const FloatFormat& f, bool negative, uint64_t significand,
                                int exponent, bool saturate, Rounding rounding) {
  negative = negative && f.is_signed;
  if (significand == 0) return zero_code(f, negative, saturate);
  const int leading = 63 - std::countl_zero(significand) + exponent;
  const int scale = leading > f.min_exponent() ? leading : f.min_exponent();
  const uint64_t rounded =
      round_shift(significand, scale - f.mantissa_bits - exponent, negative, rounding);
  if (rounded == 0) return zero_code(f, negative, saturate);
  // The hidden bit of `rounded` adds one to the exponent field, which is why a mantissa that
  // carries, or a subnormal that becomes normal, needs no case of its own.
  const auto field = static_cast<uint64_t>(scale - f.min_exponent());
  const uint64_t hidden = f.has_zero() ? 0 : 1;
  const uint64_t code = (field << f.mantissa_bits) + rounded - hidden;
  if (code > f.max_finite()) return overflow_code(f, negative, saturate);
  return static_cast<uint32_t>(code) | (negative ? f.sign_bit() : 0);
}

constexpr uint32_t encode_float(const FloatFormat& f, double value, bool saturate,
                                Rounding rounding) {
  const auto bits = std::bit_cast<uint64_t>(value);
  const bool negative = bits >> 63 != 0;
  const int field = static_cast<int>(bits >> 52 & 0x7ff);
  const uint64_t mantissa = bits & ((uint64_t{1} << 52) - 1);
  if (field == 0x7ff) {
    if (mantissa != 0) return nan_code(f, negative);
    return overflow_code(f, negative && f.is_signed, saturate && f.bits() <= 8);
  }
  if (field == 0) return encode_parts(f, negative, mantissa, -1074, saturate, rounding);
  return encode_parts(f, negative, mantissa | uint64_t{1} << 52, field - 1075, saturate, rounding);
}

}  // namespace cermet
