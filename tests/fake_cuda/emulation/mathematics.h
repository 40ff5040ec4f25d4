// The functions of mathematics, and those that look at bits, of CUDA C++.
#pragma once

#define EMULATED_UNARY(name)                  \
  extern "C" double name(double x) noexcept;  \
  extern "C" float name##f(float x) noexcept; \
  inline float name(float x) { return name##f(x); }
#define EMULATED_BINARY(name)                                                       \
  extern "C" double name(double x, double y) noexcept;                              \
  extern "C" float name##f(float x, float y) noexcept;                              \
  inline float name(float x, float y) { return name##f(x, y); }                     \
  inline double name(float x, double y) { return name(static_cast<double>(x), y); } \
  inline double name(double x, float y) { return name(x, static_cast<double>(y)); }
EMULATED_UNARY(acos)
EMULATED_UNARY(acosh)
EMULATED_UNARY(asin)
EMULATED_UNARY(asinh)
EMULATED_UNARY(atan)
EMULATED_UNARY(atanh)
EMULATED_UNARY(cbrt)
EMULATED_UNARY(ceil)
EMULATED_UNARY(cos)
EMULATED_UNARY(cosh)
EMULATED_UNARY(erf)
EMULATED_UNARY(erfc)
EMULATED_UNARY(exp)
EMULATED_UNARY(exp2)
EMULATED_UNARY(expm1)
EMULATED_UNARY(fabs)
EMULATED_UNARY(floor)
EMULATED_UNARY(lgamma)
EMULATED_UNARY(log)
EMULATED_UNARY(log10)
EMULATED_UNARY(log1p)
EMULATED_UNARY(log2)
EMULATED_UNARY(nearbyint)
EMULATED_UNARY(rint)
EMULATED_UNARY(round)
EMULATED_UNARY(sin)
EMULATED_UNARY(sinh)
EMULATED_UNARY(sqrt)
EMULATED_UNARY(tan)
EMULATED_UNARY(tanh)
EMULATED_UNARY(tgamma)
EMULATED_UNARY(trunc)
EMULATED_BINARY(atan2)
EMULATED_BINARY(copysign)
EMULATED_BINARY(fdim)
EMULATED_BINARY(fmax)
EMULATED_BINARY(fmin)
EMULATED_BINARY(fmod)
EMULATED_BINARY(hypot)
EMULATED_BINARY(nextafter)
EMULATED_BINARY(pow)
EMULATED_BINARY(remainder)
#undef EMULATED_UNARY
#undef EMULATED_BINARY

inline float pow(float x, int y) { return powf(x, static_cast<float>(y)); }
inline double pow(double x, int y) { return pow(x, static_cast<double>(y)); }
extern "C" double fma(double x, double y, double z) noexcept;
extern "C" float fmaf(float x, float y, float z) noexcept;
inline float fma(float x, float y, float z) { return fmaf(x, y, z); }
extern "C" double ldexp(double x, int exponent) noexcept;
extern "C" float ldexpf(float x, int exponent) noexcept;
extern "C" double frexp(double x, int* exponent) noexcept;
extern "C" float frexpf(float x, int* exponent) noexcept;
extern "C" double modf(double x, double* whole) noexcept;
extern "C" float modff(float x, float* whole) noexcept;
extern "C" long lrint(double x) noexcept;
extern "C" long lrintf(float x) noexcept;
extern "C" long long llrint(double x) noexcept;
extern "C" long long llrintf(float x) noexcept;
extern "C" long lround(double x) noexcept;
extern "C" long lroundf(float x) noexcept;
extern "C" long long llround(double x) noexcept;
extern "C" long long llroundf(float x) noexcept;
extern "C" int abs(int x) noexcept;
extern "C" long labs(long x) noexcept;
extern "C" long long llabs(long long x) noexcept;
inline long abs(long x) { return labs(x); }
inline long long abs(long long x) { return llabs(x); }
inline float abs(float x) { return fabsf(x); }
inline double abs(double x) { return fabs(x); }

template <class T>
bool isnan(T x) {
  return __builtin_isnan(x);
}
template <class T>
bool isinf(T x) {
  return __builtin_isinf(x);
}
template <class T>
bool isfinite(T x) {
  return __builtin_isfinite(x);
}
template <class T>
bool signbit(T x) {
  return __builtin_signbit(x);
}

inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
inline double rsqrt(double x) { return 1.0 / sqrt(x); }
inline float rsqrt(float x) { return rsqrtf(x); }
inline float normcdff(float x) { return 0.5f * erfcf(-x * 0.70710678118654752f); }
inline float exp10f(float x) { return powf(10.0f, x); }
inline float sinpif(float x) { return sinf(3.14159265358979324f * x); }
inline float cospif(float x) { return cosf(3.14159265358979324f * x); }
inline void sincospi(double x, double* sine, double* cosine) {
  *sine = sin(3.14159265358979324 * x);
  *cosine = cos(3.14159265358979324 * x);
}
inline void sincospif(float x, float* sine, float* cosine) {
  *sine = static_cast<float>(sin(3.14159265358979324 * static_cast<double>(x)));
  *cosine = static_cast<float>(cos(3.14159265358979324 * static_cast<double>(x)));
}
inline float __saturatef(float x) { return x > 0 ? (x < 1 ? x : 1.0f) : 0.0f; }

// Those that are fast on a card and less exact there.
inline float __expf(float x) { return expf(x); }
inline float __exp10f(float x) { return exp10f(x); }
inline float __logf(float x) { return logf(x); }
inline float __log2f(float x) { return log2f(x); }
inline float __powf(float x, float y) { return powf(x, y); }
inline float __sinf(float x) { return sinf(x); }
inline float __cosf(float x) { return cosf(x); }
inline float __tanhf(float x) { return tanhf(x); }
inline float __fdividef(float x, float y) { return x / y; }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fsqrt_rn(float x) { return sqrtf(x); }
inline float __frsqrt_rn(float x) { return rsqrtf(x); }
inline float __fadd_rn(float x, float y) { return x + y; }
inline float __fsub_rn(float x, float y) { return x - y; }
inline float __fmul_rn(float x, float y) { return x * y; }
inline float __fdiv_rn(float x, float y) { return x / y; }
inline float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
inline double __dadd_rn(double x, double y) { return x + y; }
inline double __dmul_rn(double x, double y) { return x * y; }
inline double __ddiv_rn(double x, double y) { return x / y; }
inline double __fma_rn(double x, double y, double z) { return fma(x, y, z); }
inline float __int2float_rn(int x) { return static_cast<float>(x); }
inline float __uint2float_rn(unsigned x) { return static_cast<float>(x); }
inline float __double2float_rn(double x) { return static_cast<float>(x); }

// A floating-point number to an integer as the card does: clamped, and 0 for NaN.
namespace emulation {
template <class Integer>
Integer to_integer(double x, double low, double beyond) {
  if (!(x == x)) return 0;
  if (x < low) return static_cast<Integer>(low);
  return x >= beyond ? static_cast<Integer>(-1) < 0
                           ? static_cast<Integer>(~(1ULL << (sizeof(Integer) * 8 - 1)))
                           : static_cast<Integer>(-1)
                     : static_cast<Integer>(x);
}
}  // namespace emulation
#define EMULATED_TO_INTEGER(suffix, round)                                                   \
  inline int __float2int_##suffix(float x) {                                                 \
    return emulation::to_integer<int>(round(static_cast<double>(x)), -0x1p31, 0x1p31);       \
  }                                                                                          \
  inline unsigned __float2uint_##suffix(float x) {                                           \
    return emulation::to_integer<unsigned>(round(static_cast<double>(x)), 0, 0x1p32);        \
  }                                                                                          \
  inline long long __float2ll_##suffix(float x) {                                            \
    return emulation::to_integer<long long>(round(static_cast<double>(x)), -0x1p63, 0x1p63); \
  }                                                                                          \
  inline int __double2int_##suffix(double x) {                                               \
    return emulation::to_integer<int>(round(x), -0x1p31, 0x1p31);                            \
  }                                                                                          \
  inline long long __double2ll_##suffix(double x) {                                          \
    return emulation::to_integer<long long>(round(x), -0x1p63, 0x1p63);                      \
  }
EMULATED_TO_INTEGER(rn, rint)
EMULATED_TO_INTEGER(rz, trunc)
EMULATED_TO_INTEGER(rd, floor)
EMULATED_TO_INTEGER(ru, ceil)
#undef EMULATED_TO_INTEGER

template <class To, class From>
To emulated_bits(From x) {
  static_assert(sizeof(To) == sizeof(From), "equal sizes");
  To result;
  __builtin_memcpy(&result, &x, sizeof x);
  return result;
}
inline int __float_as_int(float x) { return emulated_bits<int>(x); }
inline unsigned __float_as_uint(float x) { return emulated_bits<unsigned>(x); }
inline float __int_as_float(int x) { return emulated_bits<float>(x); }
inline float __uint_as_float(unsigned x) { return emulated_bits<float>(x); }
inline long long __double_as_longlong(double x) { return emulated_bits<long long>(x); }
inline double __longlong_as_double(long long x) { return emulated_bits<double>(x); }

inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }
inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x)); }
inline int __clzll(long long x) {
  return x == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(x));
}
inline unsigned __umulhi(unsigned x, unsigned y) {
  return static_cast<unsigned>(static_cast<unsigned long long>(x) * y >> 32);
}
inline int __mulhi(int x, int y) { return static_cast<int>(static_cast<long long>(x) * y >> 32); }
inline unsigned long long __umul64hi(unsigned long long x, unsigned long long y) {
  return static_cast<unsigned long long>(static_cast<unsigned __int128>(x) * y >> 64);
}
inline unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
  const unsigned long long both = static_cast<unsigned long long>(y) << 32 | x;
  unsigned result = 0;
  for (int i = 0; i < 4; ++i) {
    const unsigned pick = selector >> (4 * i) & 0xf;
    unsigned byte = static_cast<unsigned>(both >> (8 * (pick & 7))) & 0xff;
    if ((pick & 8) != 0) byte = (byte & 0x80) != 0 ? 0xff : 0;  // its sign instead
    result |= byte << (8 * i);
  }
  return result;
}
inline int __dp4a(int a, int b, int sum) {
  for (int i = 0; i < 32; i += 8)
    sum += static_cast<signed char>(a >> i) * static_cast<signed char>(b >> i);
  return sum;
}

// Of two types, the one that C computes with; floats as fmin and fmax, which leave out NaN.
template <class A, class B>
auto min(A a, B b) {
  using T = decltype(a + b);
  const T x = static_cast<T>(a), y = static_cast<T>(b);
  return y < x || !(x == x) ? y : x;
}
template <class A, class B>
auto max(A a, B b) {
  using T = decltype(a + b);
  const T x = static_cast<T>(a), y = static_cast<T>(b);
  return x < y || !(x == x) ? y : x;
}
