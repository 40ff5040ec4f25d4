// Floats of 8 bits: sign, exponent field, mantissa. A field e > 0 with mantissa m means
// (1 + m / 2^MANTISSA) * 2^(e - BIAS); e = 0 means m / 2^MANTISSA * 2^(1 - BIAS).

// Which codes are no plain numbers: as IEEE 754 has it; NaN of all ones; NaN in minus zero's place.
enum class Specials { ieee, nan_all_ones, nan_sign_only };

template <int MANTISSA, int BIAS, Specials SPECIALS>
struct SmallFloat {
  unsigned char bits;
};
using float8e4m3fn_t = SmallFloat<3, 7, Specials::nan_all_ones>;
using float8e4m3fnuz_t = SmallFloat<3, 8, Specials::nan_sign_only>;
using float8e5m2_t = SmallFloat<2, 15, Specials::ieee>;
using float8e5m2fnuz_t = SmallFloat<2, 16, Specials::nan_sign_only>;

// 2^exponent, which is that of a normal float.
__device__ __forceinline__ float power_of_two(int exponent) {
  return __uint_as_float(static_cast<unsigned>(exponent + 127) << 23);
}

template <int MANTISSA, int BIAS, Specials SPECIALS>
__device__ __forceinline__ float to_compute(SmallFloat<MANTISSA, BIAS, SPECIALS> x) {
  constexpr int top = 0x7f >> MANTISSA << MANTISSA;
  const int magnitude = x.bits & 0x7f;
  const float nan = __uint_as_float(0x7fc00000u);
  const float sign = x.bits & 0x80 ? -1.0f : 1.0f;
  if (SPECIALS == Specials::nan_sign_only && x.bits == 0x80) return nan;
  if (SPECIALS == Specials::nan_all_ones && magnitude == 0x7f) return nan;
  if (SPECIALS == Specials::ieee && magnitude >= top)
    return magnitude == top ? sign * __uint_as_float(0x7f800000u) : nan;
  const int field = magnitude >> MANTISSA, mantissa = magnitude & ((1 << MANTISSA) - 1);
  const int whole = field == 0 ? mantissa : mantissa + (1 << MANTISSA);
  return sign * static_cast<float>(whole) * power_of_two((field == 0 ? 1 : field) - BIAS - MANTISSA);
}

// Rounded to nearest, ties to even. What is too large becomes the largest number (saturate),
// infinity, or NaN where there is none.
template <int MANTISSA, int BIAS, Specials SPECIALS>
__device__ __forceinline__ void narrow_float(float x, bool saturate,
                                             SmallFloat<MANTISSA, BIAS, SPECIALS>& result) {
  constexpr int top = 0x7f >> MANTISSA << MANTISSA;
  constexpr int most = SPECIALS == Specials::ieee           ? top - 1
                       : SPECIALS == Specials::nan_all_ones ? 0x7e
                                                            : 0x7f;
  const unsigned bits = __float_as_uint(x);
  const int sign = static_cast<int>(bits >> 31) << 7;
  const int nan = SPECIALS == Specials::nan_sign_only
                      ? 0x80
                      : sign | (SPECIALS == Specials::ieee ? top | 1 << (MANTISSA - 1) : 0x7f);
  int code = nan;
  if (x == x) {
    const int exponent = static_cast<int>(bits >> 23 & 0xff) - 127;
    const int scale = exponent > 1 - BIAS ? exponent : 1 - BIAS;
    // Both exponents are those of normal floats, and the product is exact.
    const float whole = exponent < 128 ? rintf(fabsf(x) * power_of_two(MANTISSA - scale)) : 0.0f;
    code = ((scale + BIAS - 1) << MANTISSA) + static_cast<int>(whole);
    const int beyond = saturate ? sign | most : (SPECIALS == Specials::ieee ? sign | top : nan);
    if (exponent == 128 || code > most)
      code = beyond;
    else if (code != 0 || SPECIALS != Specials::nan_sign_only)
      code |= sign;
  }
  result.bits = static_cast<unsigned char>(code);
}

template <class T>
__device__ __forceinline__ float as_small_float(float x, bool saturate) {
  T result;
  narrow_float(x, saturate, result);
  return to_compute(result);
}

template <int MANTISSA, int BIAS, Specials SPECIALS>
struct FromCompute<SmallFloat<MANTISSA, BIAS, SPECIALS>> {
  static __device__ __forceinline__ SmallFloat<MANTISSA, BIAS, SPECIALS> convert(float x) {
    SmallFloat<MANTISSA, BIAS, SPECIALS> result;
    narrow_float(x, false, result);
    return result;
  }
};
