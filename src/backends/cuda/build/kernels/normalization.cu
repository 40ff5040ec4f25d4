// Operations of lane_map.cu: normalisations. Epsilon is a struct whose value() is added to what the
// root is taken of.

// (x - mean) / sqrt(variance + epsilon); the variance is of the differences to the mean.
template <class Type, class Epsilon>
struct StandardOperation {
  using T = Type;
  static constexpr bool HAS_FIRST = true;
  using First = SumFold<T>;
  static __device__ __forceinline__ T prepare(T sum, T length) { return sum / length; }
  static __device__ __forceinline__ T transform(T x, T mean) { return x - mean; }
  using Second = SquareFold<T>;
  static __device__ __forceinline__ T finish(T squares, T length) {
    return T(1) / sqrt(squares / length + static_cast<T>(Epsilon::value()));
  }
  template <class Index>
  static __device__ __forceinline__ T apply(T x, T factor, Index) {
    return x * factor;
  }
};

// (x - mean) / (sqrt(variance) + epsilon)
template <class Type, class Epsilon>
struct DeviationOperation : StandardOperation<Type, Epsilon> {
  using T = Type;
  static __device__ __forceinline__ T finish(T squares, T length) {
    return T(1) / (sqrt(squares / length) + static_cast<T>(Epsilon::value()));
  }
};

// x / sqrt(mean of squares + epsilon)
template <class Type, class Epsilon>
struct RootMeanOperation : StandardOperation<Type, Epsilon> {
  using T = Type;
  static constexpr bool HAS_FIRST = false;
  static __device__ __forceinline__ T transform(T x, T) { return x; }
};

// x / sum of magnitudes, or 0 where that is 0
template <class Type, class Epsilon>
struct MagnitudeOperation : RootMeanOperation<Type, Epsilon> {
  using T = Type;
  using Second = MagnitudeFold<T>;
  static __device__ __forceinline__ T finish(T norm, T) { return norm; }
  template <class Index>
  static __device__ __forceinline__ T apply(T x, T norm, Index) {
    return norm == T(0) ? T(0) : x / norm;
  }
};

// x / sqrt(sum of squares), or 0 where that is 0
template <class Type, class Epsilon>
struct LengthOperation : MagnitudeOperation<Type, Epsilon> {
  using T = Type;
  using Second = SquareFold<T>;
  static __device__ __forceinline__ T finish(T squares, T) { return sqrt(squares); }
};
