// x / s as the type P has it, in which both are given first; V is what P is computed in.
template <class P, class V, class X, class S>
__device__ __forceinline__ V divided(X x, S s) {
  const V a = to_compute(from_compute<P>(static_cast<V>(x)));
  const V b = to_compute(from_compute<P>(static_cast<V>(s)));
  return to_compute(from_compute<P>(a / b));
}

// The code of a quotient: to the nearest integer, ties to even, plus the zero point, clamped to the
// type's range; 0 of NaN.
__device__ __forceinline__ float round_code(float x) { return rintf(x); }
__device__ __forceinline__ double round_code(double x) { return rint(x); }
template <class Code, class V, class Zero>
__device__ __forceinline__ Code quantized(V quotient, Zero zero) {
  return float_to_integer<Code>(round_code(quotient) + static_cast<V>(zero), true);
}

__device__ __forceinline__ float lower(float a, float b) { return b < a ? b : a; }
__device__ __forceinline__ float higher(float a, float b) { return a < b ? b : a; }

// Writes the least and the greatest of 0 and the block's share of x to range[2 * block]; NaN counts
// for nothing.
template <int THREADS>
__device__ __forceinline__ void block_range(const float* x, int64 count, float* range) {
  __shared__ float scratch[THREADS / 32];
  float low = 0, high = 0;
  for (int64 i = blockIdx.x * static_cast<int64>(THREADS) + threadIdx.x; i < count;
       i += gridDim.x * static_cast<int64>(THREADS)) {
    low = lower(low, x[i]);
    high = higher(high, x[i]);
  }
  low = block_reduce<THREADS>(low, scratch, lower);
  high = block_reduce<THREADS>(high, scratch, higher);
  if (threadIdx.x != 0) return;
  range[2 * blockIdx.x] = low;
  range[2 * blockIdx.x + 1] = high;
}

// The scale and zero point of codes from 0 to 255 for the range of `blocks` parts; by one block.
template <int THREADS>
__device__ __forceinline__ void dynamic_scale(const float* range, int64 blocks, float* scale,
                                              uint8* zero) {
  __shared__ float scratch[THREADS / 32];
  float low = 0, high = 0;
  for (int64 i = threadIdx.x; i < blocks; i += THREADS) {
    low = lower(low, range[2 * i]);
    high = higher(high, range[2 * i + 1]);
  }
  low = block_reduce<THREADS>(low, scratch, lower);
  high = block_reduce<THREADS>(high, scratch, higher);
  if (threadIdx.x != 0) return;
  const float step = high == low ? 1.0f : (high - low) / 255.0f;
  const float place = -low / step;
  *scale = step;
  *zero = static_cast<uint8>(rintf(place < 0.0f ? 0.0f : (place > 255.0f ? 255.0f : place)));
}
