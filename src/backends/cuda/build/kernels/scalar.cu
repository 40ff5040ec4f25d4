// What scalar expressions are made of; src/expr/scalar_expr.h says what each operation means.

// Floats.
__device__ __forceinline__ float scalar_min(float a, float b) { return a != a || a < b ? a : b; }
__device__ __forceinline__ double scalar_min(double a, double b) { return a != a || a < b ? a : b; }
__device__ __forceinline__ float scalar_max(float a, float b) { return a != a || a > b ? a : b; }
__device__ __forceinline__ double scalar_max(double a, double b) { return a != a || a > b ? a : b; }
template <class T>
__device__ __forceinline__ T scalar_min(T a, T b) {
  return b < a ? b : a;
}
template <class T>
__device__ __forceinline__ T scalar_max(T a, T b) {
  return a < b ? b : a;
}

__device__ __forceinline__ float scalar_sigmoid(float x) {
  const float e = expf(-fabsf(x));
  return x >= 0 ? 1.0f / (1.0f + e) : (x < 0 ? e / (1.0f + e) : x);
}
__device__ __forceinline__ double scalar_sigmoid(double x) {
  const double e = exp(-fabs(x));
  return x >= 0 ? 1.0 / (1.0 + e) : (x < 0 ? e / (1.0 + e) : x);
}
__device__ __forceinline__ float scalar_softplus(float x) {
  return log1pf(expf(-fabsf(x))) + (x > 0 ? x : 0.0f) + (x != x ? x : 0.0f);
}
__device__ __forceinline__ double scalar_softplus(double x) {
  return log1p(exp(-fabs(x))) + (x > 0 ? x : 0.0) + (x != x ? x : 0.0);
}

// For floats of 16 bits: exponentials and quotients by the card's own, approximate instructions.
// Where e is infinite, or too large for __fdividef, the quotient is 0, as it should be.
__device__ __forceinline__ float narrow_sigmoid(float x) {
  return __fdividef(1.0f, 1.0f + __expf(-x));
}
// Near 0 the first terms of the series, else Abramowitz and Stegun, Handbook of Mathematical
// Functions, 7.1.26, which rounding takes 5e-7 away from erf.
__device__ __forceinline__ float narrow_erf(float x) {
  const float a = fabsf(x), square = x * x;
  const float t = __fdividef(1.0f, fmaf(0.3275911f, a, 1.0f));
  float sum = fmaf(t, 1.061405429f, -1.453152027f);
  sum = fmaf(t, sum, 1.421413741f);
  sum = fmaf(t, sum, -0.284496736f);
  sum = fmaf(t, sum, 0.254829592f);
  float near = fmaf(square, -0.026866170f, 0.11283792f);
  near = x * fmaf(square, fmaf(square, near, -0.37612639f), 1.1283792f);
  return a < 0.3f ? near : copysignf(fmaf(-t * sum, __expf(-square), 1.0f), x);
}
// Near 0, where 1 - e would lose digits, the first terms of the series.
__device__ __forceinline__ float narrow_tanh(float x) {
  const float a = fabsf(x), e = __expf(-2.0f * a), square = x * x;
  float near = fmaf(square, -0.053968254f, 0.13333333f);
  near = x * fmaf(square, fmaf(square, near, -0.33333333f), 1.0f);
  return a < 0.25f ? near : copysignf(__fdividef(1.0f - e, 1.0f + e), x);
}

__device__ __forceinline__ float scalar_floor_mod(float a, float b) {
  const float rest = fmodf(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}
__device__ __forceinline__ double scalar_floor_mod(double a, double b) {
  const double rest = fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}
__device__ __forceinline__ float scalar_sign(float x) {
  return x > 0 ? 1.0f : (x < 0 ? -1.0f : (x == 0 ? 0.0f : x));
}
__device__ __forceinline__ double scalar_sign(double x) {
  return x > 0 ? 1.0 : (x < 0 ? -1.0 : (x == 0 ? 0.0 : x));
}

// Integers: their own width, wrapping.
template <class T>
constexpr bool is_signed_integer = static_cast<T>(-1) < static_cast<T>(0);

template <class T>
__device__ __forceinline__ T integer_sign(T x) {
  return static_cast<T>((x > T(0)) - (x < T(0)));
}
template <class T>
__device__ __forceinline__ T integer_abs(T x) {
  return x < T(0) ? static_cast<T>(uint64(0) - static_cast<uint64>(x)) : x;
}
template <class T>
__device__ __forceinline__ T integer_div(T a, T b) {
  if (b == T(0)) return T(0);
  if (is_signed_integer<T> && b == static_cast<T>(-1))
    return static_cast<T>(uint64(0) - static_cast<uint64>(a));
  return static_cast<T>(a / b);
}
template <class T>
__device__ __forceinline__ T integer_fmod(T a, T b) {
  if (b == T(0) || (is_signed_integer<T> && b == static_cast<T>(-1))) return T(0);
  return static_cast<T>(a % b);
}
template <class T>
__device__ __forceinline__ T integer_mod(T a, T b) {
  const T rest = integer_fmod(a, b);
  return is_signed_integer<T> && rest != T(0) && (rest < T(0)) != (b < T(0))
             ? static_cast<T>(rest + b)
             : rest;
}
template <class T>
__device__ __forceinline__ T integer_pow(T base, T exponent) {
  if (is_signed_integer<T> && exponent < T(0)) {
    if (base == static_cast<T>(-1)) return exponent % 2 == 0 ? T(1) : static_cast<T>(-1);
    return base == T(1) ? T(1) : T(0);
  }
  uint64 result = 1, square = static_cast<uint64>(base);
  for (uint64 rest = static_cast<uint64>(exponent); rest != 0; rest >>= 1) {
    if (rest & 1) result *= square;
    square *= square;
  }
  return static_cast<T>(result);
}
// A negative count is a large one: the count's type widens to 64 bits with its sign.
template <class T>
__device__ __forceinline__ T integer_shift_left(T a, T b) {
  const uint64 count = static_cast<uint64>(static_cast<int64>(b));
  return count < 64 ? static_cast<T>(static_cast<uint64>(a) << count) : T(0);
}
template <class T>
__device__ __forceinline__ T integer_shift_right(T a, T b) {
  const uint64 count = static_cast<uint64>(static_cast<int64>(b));
  if (count >= 64) return a < T(0) ? static_cast<T>(-1) : T(0);
  return is_signed_integer<T> ? static_cast<T>(static_cast<int64>(a) >> count)
                              : static_cast<T>(static_cast<uint64>(a) >> count);
}
// Clamped to the range of the narrower or otherwise signed type.
template <class To, class From>
__device__ __forceinline__ To integer_saturate(From x) {
  constexpr int bits = static_cast<int>(sizeof(To)) * 8;
  if (is_signed_integer<From> && x < From(0)) {
    if (!is_signed_integer<To>) return To(0);
    const int64 low = static_cast<int64>(~uint64(0) << (bits - 1));
    return static_cast<int64>(x) < low ? static_cast<To>(low) : static_cast<To>(x);
  }
  const uint64 high = ~uint64(0) >> (64 - bits + (is_signed_integer<To> ? 1 : 0));
  return static_cast<uint64>(x) > high ? static_cast<To>(high) : static_cast<To>(x);
}
