#include "common/small_float.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "common/errors.h"

namespace cermet::tools {
namespace {

enum class Specials {
  ieee,       // the largest exponent holds infinity and NaN
  one_nan,    // all bits set below the sign are NaN, no infinity
  minus_nan,  // the sign alone is NaN, no infinity, no negative zero
  none,
};
struct Format {
  ElementType type;
  int exponent_bits, mantissa_bits, bias;
  Specials specials;

  int largest() const {  // bits of the largest finite value
    const int all = (1 << (exponent_bits + mantissa_bits)) - 1;
    if (specials == Specials::ieee) return all - (1 << mantissa_bits);
    return specials == Specials::one_nan ? all - 1 : all;
  }
  int sign_bit() const { return 1 << (exponent_bits + mantissa_bits); }
};
constexpr Format formats[] = {
    {ElementType::float16, 5, 10, 15, Specials::ieee},
    {ElementType::bfloat16, 8, 7, 127, Specials::ieee},
    {ElementType::float8e4m3fn, 4, 3, 7, Specials::one_nan},
    {ElementType::float8e4m3fnuz, 4, 3, 8, Specials::minus_nan},
    {ElementType::float8e5m2, 5, 2, 15, Specials::ieee},
    {ElementType::float8e5m2fnuz, 5, 2, 16, Specials::minus_nan},
    {ElementType::float4e2m1, 2, 1, 1, Specials::none},
};

const Format* find_format(ElementType type) {
  const auto found = std::find_if(std::begin(formats), std::end(formats),
                                  [&](const Format& f) { return f.type == type; });
  return found == std::end(formats) ? nullptr : found;
}

const Format& format_of(ElementType type) {
  const Format* format = find_format(type);
  require(format != nullptr, ErrorCode::internal, "{} is no small float", name(type));
  return *format;
}

}  // namespace

bool is_small_float(ElementType type) { return find_format(type) != nullptr; }

uint16_t encode_small_float(ElementType type, double value) {
  const Format& f = format_of(type);
  // Below 2^(1-bias) all values are as far apart as just above it.
  const int exponent = std::max(value == 0 ? 1 - f.bias : std::ilogb(value), 1 - f.bias);
  const auto steps = static_cast<int64_t>(
      std::nearbyint(std::ldexp(std::fabs(value), f.mantissa_bits - exponent)));
  // A mantissa that rounds up to the next power of two carries into the exponent by itself.
  const int64_t bits = steps + (static_cast<int64_t>(exponent + f.bias - 1) << f.mantissa_bits);
  const auto magnitude = static_cast<int>(std::min<int64_t>(bits, f.largest()));
  const bool negative = std::signbit(value) && (magnitude > 0 || f.specials != Specials::minus_nan);
  return static_cast<uint16_t>(magnitude | (negative ? f.sign_bit() : 0));
}

double decode_small_float(ElementType type, uint16_t bits) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const Format& f = format_of(type);
  const int magnitude = bits & (f.sign_bit() - 1);
  const double sign = bits & f.sign_bit() ? -1 : 1;
  if (f.specials == Specials::minus_nan && bits == f.sign_bit()) return nan;
  if (magnitude > f.largest()) {
    const bool infinite = f.specials == Specials::ieee && magnitude == f.largest() + 1;
    return infinite ? sign * std::numeric_limits<double>::infinity() : nan;
  }
  const int exponent = magnitude >> f.mantissa_bits;
  const int mantissa = magnitude & ((1 << f.mantissa_bits) - 1);
  const int whole = exponent == 0 ? mantissa : mantissa | 1 << f.mantissa_bits;
  return sign * std::ldexp(whole, std::max(exponent, 1) - f.bias - f.mantissa_bits);
}

}  // namespace cermet::tools
