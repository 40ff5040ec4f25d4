// What lanes are folded to; lanes.cu says what a fold is.

template <class T>
struct SumFold {
  using value_t = T;
  static __device__ __forceinline__ T start() { return T(0); }
  template <class X, class Index>
  static __device__ __forceinline__ T map(X x, Index) {
    return static_cast<T>(x);
  }
  static __device__ __forceinline__ T join(T a, T b) { return a + b; }
};

template <class T>
struct ProductFold : SumFold<T> {
  static __device__ __forceinline__ T start() { return T(1); }
  static __device__ __forceinline__ T join(T a, T b) { return a * b; }
};

template <class T>
struct MagnitudeFold : SumFold<T> {
  template <class X, class Index>
  static __device__ __forceinline__ T map(X x, Index) {
    const T wide = static_cast<T>(x);
    return x < X(0) || wide == T(0) ? T(0) - wide : wide;
  }
};

template <class T>
struct SquareFold : SumFold<T> {
  template <class X, class Index>
  static __device__ __forceinline__ T map(X x, Index) {
    const T wide = static_cast<T>(x);
    return wide * wide;
  }
};

// |x| to the power EXPONENT.
template <class T, int EXPONENT>
struct PowerFold : SumFold<T> {
  template <class X, class Index>
  static __device__ __forceinline__ T map(X x, Index) {
    return pow(fabs(static_cast<T>(x)), static_cast<T>(EXPONENT));
  }
};

// NaN wins.
template <class T, class Start>
struct MaxFold : SumFold<T> {
  static __device__ __forceinline__ T start() { return Start::value(); }
  static __device__ __forceinline__ T join(T a, T b) { return a > b || a != a ? a : b; }
};

template <class T, class Start>
struct MinFold : SumFold<T> {
  static __device__ __forceinline__ T start() { return Start::value(); }
  static __device__ __forceinline__ T join(T a, T b) { return a < b || a != a ? a : b; }
};

// The logarithm of a sum of powers of e, as the largest exponent and the sum relative to it. A NaN
// becomes the largest.
template <class T>
struct ExponentialFold {
  struct value_t {
    T top, sum;
  };
  static __device__ __forceinline__ value_t start() {
    return {static_cast<T>(-__uint_as_float(0x7f800000u)), T(0)};
  }
  template <class X, class Index>
  static __device__ __forceinline__ value_t map(X x, Index) {
    return {static_cast<T>(x), T(1)};
  }
  static __device__ __forceinline__ T scaled(value_t a, T top) {
    return a.top == top ? a.sum : a.sum * exp(a.top - top);
  }
  static __device__ __forceinline__ value_t join(value_t a, value_t b) {
    const T top = a.top > b.top || a.top != a.top ? a.top : b.top;
    return {top, scaled(a, top) + scaled(b, top)};
  }
  static __device__ __forceinline__ T finish(value_t a) {
    return a.top - a.top == T(0) ? a.top + log(a.sum) : a.top;
  }
};

// The place of the largest (or smallest) element: the first NaN, else the first or last of equals.
template <class T, class Index, bool LARGEST, bool LAST>
struct PlaceFold {
  struct value_t {
    T best;
    Index at;  // negative: of nothing
  };
  static __device__ __forceinline__ value_t start() { return {T(0), -1}; }
  static __device__ __forceinline__ value_t map(T x, Index r) { return {x, r}; }
  static __device__ __forceinline__ value_t join(value_t a, value_t b) {
    if (a.at < 0) return b;
    if (b.at < 0) return a;
    const bool a_is_none = a.best != a.best, b_is_none = b.best != b.best;
    if (a_is_none || b_is_none) return a_is_none && (!b_is_none || a.at < b.at) ? a : b;
    if (a.best == b.best) return (a.at < b.at) != LAST ? a : b;
    return (a.best > b.best) == LARGEST ? a : b;
  }
};
