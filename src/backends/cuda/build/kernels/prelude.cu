// Types and small functions that all kernels share. No header is included.

struct half_t {
  unsigned short bits;
};
struct bfloat16_t {
  unsigned short bits;
};
static_assert(sizeof(long long) == 8 && sizeof(half_t) == 2, "sizes of types");

using int8 = signed char;
using uint8 = unsigned char;
using int16 = short;
using uint16 = unsigned short;
using int32 = int;
using uint32 = unsigned;
using int64 = long long;
using uint64 = unsigned long long;

// An element as it is computed with: 16-bit floats as float, all others as they are.
__device__ __forceinline__ float to_compute(half_t x) { return half_to_float(x.bits); }
__device__ __forceinline__ float to_compute(bfloat16_t x) {
  return __uint_as_float(static_cast<unsigned>(x.bits) << 16);
}
template <class T>
__device__ __forceinline__ T to_compute(T x) {
  return x;
}

// Back to an element of type T, rounded to nearest.
template <class T>
struct FromCompute {
  template <class V>
  static __device__ __forceinline__ T convert(V x) {
    return static_cast<T>(x);
  }
};
template <>
struct FromCompute<half_t> {
  static __device__ __forceinline__ half_t convert(float x) { return {float_to_half(x)}; }
};
template <>
struct FromCompute<bfloat16_t> {
  static __device__ __forceinline__ bfloat16_t convert(float x) { return {float_to_bfloat16(x)}; }
};
template <class T, class V>
__device__ __forceinline__ T from_compute(V x) {
  return FromCompute<T>::convert(x);
}

// N elements that are loaded and stored at once; the address is a multiple of their size.
template <class T, int N>
struct alignas(sizeof(T) * N) Pack {
  T items[N];
};

// A float to an integer: cut towards zero, clamped to the range (or, not saturating, wrapped), 0
// for NaN.
template <class Integer, class Float>
__device__ __forceinline__ Integer float_to_integer(Float x, bool saturate) {
  if (!(x == x)) return 0;
  constexpr bool is_signed = static_cast<Integer>(-1) < static_cast<Integer>(0);
  constexpr int bits = static_cast<int>(sizeof(Integer)) * 8;
  // 2^bits or half of it: the first value that is too large, exact in any float type.
  Float limit = 1;
  for (int i = 0; i < (is_signed ? bits - 1 : bits); ++i) limit *= 2;
  if (saturate || bits == 64) {
    if (x >= limit)
      return is_signed ? static_cast<Integer>(~(static_cast<uint64>(1) << (bits - 1)))
                       : static_cast<Integer>(-1);
    if (is_signed ? x < -limit : x <= -1)
      return is_signed ? static_cast<Integer>(static_cast<uint64>(1) << (bits - 1)) : Integer(0);
    return static_cast<Integer>(x);
  }
  const Float far = static_cast<Float>(9223372036854775808.0);
  const int64 wide =
      x >= far ? 0x7fffffffffffffffLL
               : (x < -far ? static_cast<int64>(0x8000000000000000ULL) : static_cast<int64>(x));
  return static_cast<Integer>(wide);
}

// The lane's place in its warp.
__device__ __forceinline__ int lane_id() { return static_cast<int>(threadIdx.x) & 31; }

// Combines the values of all lanes of a warp; every lane gets the result.
template <class T, class Combine>
__device__ __forceinline__ T warp_reduce(T value, Combine combine) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2)
    value = combine(value, __shfl_xor_sync(0xffffffffu, value, offset));
  return value;
}

// Combines the values of all THREADS (a multiple of 32, one-dimensional) of a block in a fixed
// order; every thread gets the result. `scratch` in shared memory holds THREADS / 32 values and may
// be used again after the call by any thread.
template <int THREADS, class T, class Combine>
__device__ __forceinline__ T block_reduce(T value, T* scratch, Combine combine) {
  value = warp_reduce(value, combine);
  constexpr int warps = THREADS / 32;
  if constexpr (warps == 1) return value;
  const int warp = static_cast<int>(threadIdx.x) / 32;
  __syncthreads();
  if (lane_id() == 0) scratch[warp] = value;
  __syncthreads();
  value = scratch[0];
#pragma unroll
  for (int i = 1; i < warps; ++i) value = combine(value, scratch[i]);
  __syncthreads();
  return value;
}
