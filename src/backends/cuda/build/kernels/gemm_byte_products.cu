// d += a * b for a warp, of bytes: 16 x 8 results, 32 deep, with the fragments of PTX's mma.
enum class ByteType { int8, uint8, float8e4m3fn, float8e5m2 };
template <bool FLOAT8>
struct ByteSum {
  using type = int;
};
template <>
struct ByteSum<true> {
  using type = float;
};

// Sums of integers wrap.
template <ByteType LEFT, ByteType RIGHT>
__device__ __forceinline__ void multiply_bytes(int (&d)[4], const unsigned (&a)[4],
                                               const unsigned (&b)[2]) {
  constexpr bool left_signed = LEFT == ByteType::int8, right_signed = RIGHT == ByteType::int8;
  if constexpr (left_signed && right_signed)
    mma_s8(d, a, b);
  else if constexpr (left_signed)
    mma_s8u8(d, a, b);
  else if constexpr (right_signed)
    mma_u8s8(d, a, b);
  else
    mma_u8(d, a, b);
}

#ifdef CERMET_FLOAT8_PRODUCTS
template <ByteType LEFT, ByteType RIGHT>
__device__ __forceinline__ void multiply_float8(float (&d)[4], const unsigned (&a)[4],
                                                const unsigned (&b)[2]) {
  constexpr bool left_e4m3 = LEFT == ByteType::float8e4m3fn,
                 right_e4m3 = RIGHT == ByteType::float8e4m3fn;
  if constexpr (left_e4m3 && right_e4m3)
    mma_e4m3(d, a, b);
  else if constexpr (left_e4m3)
    mma_e4m3e5m2(d, a, b);
  else if constexpr (right_e4m3)
    mma_e5m2e4m3(d, a, b);
  else
    mma_e5m2(d, a, b);
}
#else
// float16 has every number of both formats. Of the bytes 0 and 1 of a word, or 2 and 3, two halves:
// those of e5m2 themselves, those of e4m3 times 2^-8.
template <ByteType TYPE, int FIRST>
__device__ __forceinline__ unsigned two_halves(unsigned word) {
  const unsigned two = word >> (8 * FIRST);
  const unsigned high = (two & 0xff) << 8 | (two & 0xff00) << 16;
  if constexpr (TYPE == ByteType::float8e5m2) return high;
  unsigned halves = (high & 0x80008000u) | (high & 0x7f007f00u) >> 1;
  if ((high & 0x7f00u) == 0x7f00u) halves |= 0x7fffu;  // NaN
  if ((high & 0x7f000000u) == 0x7f000000u) halves |= 0x7fff0000u;
  return halves;
}

// Two products of halves. Which depths are a half's neighbours is the same for both factors, and
// nothing else of their order shows.
template <ByteType LEFT, ByteType RIGHT>
__device__ __forceinline__ void multiply_float8(float (&d)[4], const unsigned (&a)[4],
                                                const unsigned (&b)[2]) {
#pragma unroll
  for (int e = 0; e < 4; ++e) d[e] = 0;
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    const unsigned left[4] = {two_halves<LEFT, 0>(a[2 * i]), two_halves<LEFT, 0>(a[2 * i + 1]),
                              two_halves<LEFT, 2>(a[2 * i]), two_halves<LEFT, 2>(a[2 * i + 1])};
    const unsigned right[2] = {two_halves<RIGHT, 0>(b[i]), two_halves<RIGHT, 2>(b[i])};
    mma_f16(d, left, right);
  }
  constexpr float scale = (LEFT == ByteType::float8e4m3fn ? 256.0f : 1.0f) *
                          (RIGHT == ByteType::float8e4m3fn ? 256.0f : 1.0f);
#pragma unroll
  for (int e = 0; e < 4; ++e) d[e] *= scale;
}
#endif

// Tensor cores add products of float8 with about 14 bits, so that no more than one instruction's
// are left to them: further sums are float32.
template <ByteType LEFT, ByteType RIGHT>
__device__ __forceinline__ void multiply_bytes(float (&d)[4], const unsigned (&a)[4],
                                               const unsigned (&b)[2]) {
  float products[4];
  multiply_float8<LEFT, RIGHT>(products, a, b);
#pragma unroll
  for (int e = 0; e < 4; ++e) d[e] += products[e];
}
