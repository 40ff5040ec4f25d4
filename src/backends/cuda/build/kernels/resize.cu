// A row of a dimension's table: which elements of the input element i of the result is blended of.
// The numbers of modes and transforms are those of src/ops/convolution/resize.attrs.h, whose table
// this computes where sizes are known only when it runs.
__device__ __forceinline__ double resize_quotient(double a, double b, bool is_nearest) {
  return is_nearest ? static_cast<double>(static_cast<float>(a / b)) : a / b;
}

template <int TRANSFORM>
__device__ __forceinline__ double resize_place(double x, double input, double output, double scale,
                                               double begin, double end, bool is_nearest) {
  const double last = input - 1, width = scale * input;
  if constexpr (TRANSFORM == 0) return resize_quotient(x + 0.5, scale, is_nearest) - 0.5;
  if constexpr (TRANSFORM == 1)
    return input / 2 * (1 - output / width) + resize_quotient(x + 0.5, scale, is_nearest) - 0.5;
  if constexpr (TRANSFORM == 2)
    return output > 1 ? resize_quotient(x + 0.5, scale, is_nearest) - 0.5 : 0;
  if constexpr (TRANSFORM == 3)
    return width == 1 ? 0 : resize_quotient(x * last, width - 1, is_nearest);
  if constexpr (TRANSFORM == 4) return resize_quotient(x, scale, is_nearest);
  if constexpr (TRANSFORM == 6) return resize_quotient(x + 0.5, scale, is_nearest);
  if (output <= 1) return (begin + end) / 2 * last;
  return begin * last + x * (end - begin) * last / (output - 1);
}

template <int NEAREST>
__device__ __forceinline__ double resize_nearest(double x, double scale) {
  if constexpr (NEAREST == 0) return ceil(x - 0.5);
  if constexpr (NEAREST == 1) return floor(x + 0.5);
  if constexpr (NEAREST == 2) return floor(x);
  if constexpr (NEAREST == 3) return ceil(x);
  return scale < 1 ? ceil(x) : floor(x);
}

template <int MODE>
__device__ __forceinline__ double resize_filter(double x, double a) {
  x = fabs(x);
  if constexpr (MODE == 1) return x < 1 ? 1 - x : 0;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

__device__ __forceinline__ int resize_clamp(double x, double last) {
  return static_cast<int>(x < 0 ? 0 : (x > last ? last : x));
}

// `input` is at least 1. Writes TAPS indices and weights; an index of -1 where the element lies
// outside of the input.
template <int MODE, int TRANSFORM, int NEAREST, int TAPS, bool ANTIALIAS, bool EXCLUDE,
          class Weight>
__device__ __forceinline__ void resize_row(int64 i, int64 input, int64 output, double scale,
                                           double begin, double end, double coefficient,
                                           int* indices, Weight* weights) {
  const double last = static_cast<double>(input - 1);
  double x = resize_place<TRANSFORM>(static_cast<double>(i), static_cast<double>(input),
                                     static_cast<double>(output), scale, begin, end, MODE == 0);
  const bool outside = TRANSFORM == 5 && !(x >= 0 && x <= last);
  if (outside) x = 0;
  if constexpr (MODE == 0) {
    indices[0] = outside ? -1 : resize_clamp(resize_nearest<NEAREST>(x, scale), last);
    weights[0] = 1;
  } else {
    const double stretch = ANTIALIAS && scale < 1 ? scale : 1;
    const double first = ceil(x) - 1 - (TAPS / 2 - 1);
    double sum = 0;
    for (int pass = 0; pass < 2; ++pass)
      for (int t = 0; t < TAPS; ++t) {
        const double element = first + t;
        const bool counts = !EXCLUDE || (element >= 0 && element <= last);
        const double weight =
            counts ? resize_filter<MODE>((element - x) * stretch, coefficient) : 0.0;
        if (pass == 0) {
          sum += weight;
        } else {
          indices[t] = outside ? -1 : resize_clamp(element, last);
          weights[t] = static_cast<Weight>(sum == 0 ? 0.0 : weight / sum);
        }
      }
  }
}

// To the nearest integer, ties to even; clamped to the type's range.
template <class Integer>
__device__ __forceinline__ Integer rounded_integer(double x) {
  return float_to_integer<Integer>(rint(x), true);
}
