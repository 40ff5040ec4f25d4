// Operations of lane_map.cu: softmax and its kin. A NaN, or no finite element, makes a lane NaN.

template <class Type>
struct FloorStart {
  static __device__ __forceinline__ Type value() {
    return static_cast<Type>(-__uint_as_float(0x7f800000u));
  }
};

// exp(x - top) / sum
template <class Type>
struct SoftmaxOperation {
  using T = Type;
  static constexpr bool HAS_FIRST = true;
  using First = MaxFold<T, FloorStart<T>>;
  static __device__ __forceinline__ T prepare(T top, T) { return top; }
  static __device__ __forceinline__ T transform(T x, T top) { return exp(x - top); }
  using Second = SumFold<T>;
  static __device__ __forceinline__ T finish(T sum, T) { return T(1) / sum; }
  template <class Index>
  static __device__ __forceinline__ T apply(T x, T factor, Index) {
    return x * factor;
  }
};

template <class T>
struct SumOfPowersFold : SumFold<T> {
  template <class Index>
  static __device__ __forceinline__ T map(T x, Index) {
    return exp(x);
  }
};

// x - top - log(sum)
template <class Type>
struct LogSoftmaxOperation : SoftmaxOperation<Type> {
  using T = Type;
  static __device__ __forceinline__ T transform(T x, T top) { return x - top; }
  using Second = SumOfPowersFold<T>;
  static __device__ __forceinline__ T finish(T sum, T) { return log(sum); }
  template <class Index>
  static __device__ __forceinline__ T apply(T x, T shift, Index) {
    return x - shift;
  }
};

// The place of the first of the largest elements. A NaN is passed over, but none is larger than one
// in the first place.
template <class T, class Index>
struct FirstPlaceFold : PlaceFold<T, Index, true, false> {
  using value_t = typename PlaceFold<T, Index, true, false>::value_t;
  static __device__ __forceinline__ value_t map(T x, Index r) {
    if (x == x) return {x, r};
    return {static_cast<T>(__uint_as_float(0x7f800000u)), r == 0 ? 0 : Index(-1)};
  }
};

template <class Type, class Index>
struct HardmaxOperation {
  using T = Type;
  static constexpr bool HAS_FIRST = false;
  using First = SumFold<T>;
  static __device__ __forceinline__ T transform(T x, T) { return x; }
  using Second = FirstPlaceFold<T, Index>;
  static __device__ __forceinline__ Index finish(typename Second::value_t value, T) {
    return value.at;
  }
  static __device__ __forceinline__ T apply(T, Index at, Index r) { return r == at ? T(1) : T(0); }
};
