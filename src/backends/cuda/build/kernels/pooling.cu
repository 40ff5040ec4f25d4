// What windows of pools fold to. A pool is a struct of start(), add(x, place) for each element of
// the window that lies inside of the image, in order, and value(elements).

// The first of the largest; a NaN wins. `place` is negative where there was nothing.
template <class T, class Index, class Start>
struct MaxPool {
  T best;
  Index place;
  __device__ __forceinline__ void start() {
    best = Start::value();
    place = -1;
  }
  __device__ __forceinline__ void add(T x, Index at) {
    if (place >= 0 && !(x > best) && !(x != x && best == best)) return;
    best = x;
    place = at;
  }
  __device__ __forceinline__ T value(Index) const { return best; }
};

template <class T, class Index>
struct AveragePool {
  T sum;
  __device__ __forceinline__ void start() { sum = T(0); }
  __device__ __forceinline__ void add(T x, Index) { sum += x; }
  __device__ __forceinline__ T value(Index elements) const {
    return elements > 0 ? sum / static_cast<T>(elements) : sum;
  }
};

template <class T, class Index, int EXPONENT>
struct LpPool {
  T sum;
  __device__ __forceinline__ void start() { sum = T(0); }
  __device__ __forceinline__ void add(T x, Index) {
    if constexpr (EXPONENT == 1)
      sum += fabs(x);
    else if constexpr (EXPONENT == 2)
      sum += x * x;
    else
      sum += pow(fabs(x), static_cast<T>(EXPONENT));
  }
  __device__ __forceinline__ T value(Index) const {
    if constexpr (EXPONENT == 1) return sum;
    if constexpr (EXPONENT == 2) return sqrt(sum);
    return pow(sum, T(1) / static_cast<T>(EXPONENT));
  }
};

// How many of the KERNEL taps of a window that begins at `begin` lie before `end`.
template <class Index>
__device__ __forceinline__ Index taps_before(Index begin, Index end, Index kernel, Index dilation) {
  if (begin >= end) return 0;
  const Index taps = (end - 1 - begin) / dilation + 1;
  return taps < kernel ? taps : kernel;
}
