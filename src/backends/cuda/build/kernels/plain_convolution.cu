// Convolutions by their definition, for what no faster kernel takes.
//
// y[n, m, o] = finish(bias[m] + sum over c, k of w[m, c, k] * x[n, group(m) * channels + c, i])
// with i = o * stride + k * dilation - padding, and 0 for x outside the image; transposed, the sum
// is over the taps k for which i = (o + padding - k * dilation) / stride is an element of the
// image.
//
// Any strides in memory; y is no operand's memory; bias may be null. Sums are of the compute type,
// over taps and then channels, in the order of the weights. A thread computes an element after
// another, those of neighbours lying side by side in y.

// The place of the image that tap k reads for the result's place o; false where there is none.
template <bool TRANSPOSED, class I, class Size>
__device__ __forceinline__ bool tap_place(I o, I k, Size stride, Size dilation, I padding, I size,
                                          I& place) {
  if constexpr (TRANSPOSED) {
    const I reach = o + padding - k * static_cast<I>(dilation);
    place = reach / static_cast<I>(stride);
    return reach >= 0 && place * static_cast<I>(stride) == reach && place < size;
  } else {
    place = o * static_cast<I>(stride) + k * static_cast<I>(dilation) - padding;
    return place >= 0 && place < size;
  }
}

// One result, before finish.
template <bool TRANSPOSED, class S, class T, class I>
__device__ __forceinline__ auto convolved(const S& sizes, const T* __restrict__ x,
                                          const T* __restrict__ w, I n, I m, I o0, I o1, I o2) {
  using C = decltype(to_compute(T()));
  const I filters = sizes.filters, channels = sizes.channels;
  const I group = m / filters;
  const T* const image = x + n * static_cast<I>(sizes.x_n) + group * channels * sizes.x_c;
  // Transposed weights count their filters in each group anew, and their channels through all.
  const T* const weights =
      TRANSPOSED ? w + (m - group * filters) * sizes.w_m + group * channels * sizes.w_c
                 : w + m * sizes.w_m;
  C sum = 0;
  for (I k0 = 0; k0 < sizes.window_0; ++k0)
    for (I k1 = 0; k1 < sizes.window_1; ++k1)
      for (I k2 = 0; k2 < sizes.window_2; ++k2) {
        I i0, i1, i2;
        const bool inside0 = tap_place<TRANSPOSED, I>(o0, k0, sizes.stride_0, sizes.dilation_0,
                                                      static_cast<I>(sizes.padding_0),
                                                      static_cast<I>(sizes.input_0), i0);
        const bool inside1 = tap_place<TRANSPOSED, I>(o1, k1, sizes.stride_1, sizes.dilation_1,
                                                      static_cast<I>(sizes.padding_1),
                                                      static_cast<I>(sizes.input_1), i1);
        const bool inside2 = tap_place<TRANSPOSED, I>(o2, k2, sizes.stride_2, sizes.dilation_2,
                                                      static_cast<I>(sizes.padding_2),
                                                      static_cast<I>(sizes.input_2), i2);
        const bool inside = inside0 && inside1 && inside2;
        if (TRANSPOSED && !inside) continue;
        const T* const from = image + i0 * sizes.x_0 + i1 * sizes.x_1 + i2 * sizes.x_2;
        const T* const tap = weights + k0 * sizes.w_0 + k1 * sizes.w_1 + k2 * sizes.w_2;
        for (I c = 0; c < channels; ++c) {
          const C factor = inside ? to_compute(from[c * sizes.x_c]) : C(0);
          sum += factor * to_compute(tap[c * sizes.w_c]);
        }
      }
  return sum;
}

template <bool TRANSPOSED, bool CHANNELS_LAST, class S, class T, class Y, class Finish>
__device__ __forceinline__ void plain_convolution(const S& sizes, const T* __restrict__ x,
                                                  const T* __restrict__ w,
                                                  const T* __restrict__ bias, Y* __restrict__ y,
                                                  const Finish& finish) {
  using I = typename S::index_t;
  const I filters = static_cast<I>(sizes.filters) * static_cast<I>(sizes.groups);
  const I size0 = sizes.output_0, size1 = sizes.output_1, size2 = sizes.output_2;
  const I total = static_cast<I>(sizes.batch) * filters * size0 * size1 * size2;
  for (int64 at = blockIdx.x * static_cast<int64>(blockDim.x) + threadIdx.x; at < total;
       at += gridDim.x * static_cast<int64>(blockDim.x)) {
    I rest = static_cast<I>(at), m = 0;
    if (CHANNELS_LAST) m = rest % filters, rest /= filters;
    const I o2 = rest % size2;
    rest /= size2;
    const I o1 = rest % size1;
    rest /= size1;
    const I o0 = rest % size0;
    rest /= size0;
    if (!CHANNELS_LAST) m = rest % filters, rest /= filters;
    const I n = rest;
    auto sum = convolved<TRANSPOSED, S, T, I>(sizes, x, w, n, m, o0, o1, o2);
    if (bias != nullptr) sum += to_compute(bias[m]);
    y[n * static_cast<I>(sizes.y_n) + m * static_cast<I>(sizes.y_c) + o0 * sizes.y_0 +
      o1 * sizes.y_1 + o2 * sizes.y_2] = finish(sum, n, m, o0, o1, o2);
  }
}
