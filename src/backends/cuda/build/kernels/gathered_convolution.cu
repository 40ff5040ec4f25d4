// Convolutions and transposed ones, channels-last, whose results each gather the taps that reach
// them; groups of any size.
//
// y[n, o, m] = finish(bias[m] + sum over k, c of w[k, group(m) * channels + c, m] * x[n, i, c])
// where i = o * stride + k * dilation - padding; transposed, i = (o + padding - k * dilation) /
// stride where that is a whole number. Taps whose i is no element of the image count as zero.
//
// x, y and the packed w ([k0, k1, k2, channels of all groups, filters of a group]) are contiguous
// in that order; y is no operand's memory; bias may be null. Sums are of the compute type, over k
// and then c. A thread computes S::vector filters (which divide those of a group) of S::pixels
// results that lie side by side (transposed: stride_2 apart, so that they are reached by the same
// taps). S::depth channels of the image (which divide those of a group) are loaded at once.
// S::result_step and S::image_step are the distances of these results and of what they read of the
// image.

template <class S, class T, class C, class I>
__device__ __forceinline__ void add_tap(const S& sizes, const T* __restrict__ row,
                                        const T* __restrict__ w, I base,
                                        C (&sums)[S::pixels][S::vector]) {
  constexpr int V = S::vector, U = S::depth;
  for (int c = 0; c < S::channels; c += U) {
    Pack<T, U> factors[S::pixels];
#pragma unroll
    for (int t = 0; t < S::pixels; ++t) {
      factors[t] = {};
      const I place = base + t * S::image_step;
      if (place >= 0 && place < sizes.input_2)
        factors[t] =
            *reinterpret_cast<const Pack<T, U>*>(row + place * static_cast<I>(sizes.x_2) + c);
    }
#pragma unroll
    for (int u = 0; u < U; ++u) {
      const Pack<T, V> taps = *reinterpret_cast<const Pack<T, V>*>(w + (c + u) * S::filters);
#pragma unroll
      for (int t = 0; t < S::pixels; ++t) {
        const I place = base + t * S::image_step;
        if (place < 0 || place >= sizes.input_2) continue;
        const C factor = to_compute(factors[t].items[u]);
#pragma unroll
        for (int v = 0; v < V; ++v) sums[t][v] += factor * to_compute(taps.items[v]);
      }
    }
  }
}

// Whether tap k of the result's place o reads one of the image's, inside or not.
template <bool TRANSPOSED, class I>
__device__ __forceinline__ bool tap_place(I o, int k, int stride, int dilation, I padding,
                                          I& place) {
  if constexpr (TRANSPOSED) {
    const I reach = o + padding - static_cast<I>(k) * dilation;
    place = reach / stride;
    return reach % stride == 0;
  } else {
    place = o * stride + static_cast<I>(k) * dilation - padding;
    return true;
  }
}

template <class S, class T, class C, class I>
__device__ __forceinline__ void gather_taps(const S& sizes, const T* __restrict__ image,
                                            const T* __restrict__ w, I o0, I o1, I o2,
                                            C (&sums)[S::pixels][S::vector]) {
  constexpr int tap_size = S::groups * S::channels * S::filters;
  constexpr bool transposed = S::transposed != 0;
  for (int k0 = 0; k0 < S::window_0; ++k0) {
    I i0, i1, i2;
    if (!tap_place<transposed, I>(o0, k0, S::stride_0, S::dilation_0, sizes.padding_0, i0) ||
        i0 < 0 || i0 >= sizes.input_0)
      continue;
    for (int k1 = 0; k1 < S::window_1; ++k1) {
      if (!tap_place<transposed, I>(o1, k1, S::stride_1, S::dilation_1, sizes.padding_1, i1) ||
          i1 < 0 || i1 >= sizes.input_1)
        continue;
      const T* const row = image + i0 * static_cast<I>(sizes.x_0) + i1 * static_cast<I>(sizes.x_1);
      for (int k2 = 0; k2 < S::window_2; ++k2) {
        if (!tap_place<transposed, I>(o2, k2, S::stride_2, S::dilation_2, sizes.padding_2, i2))
          continue;
        const int64 tap = (static_cast<int64>(k0) * S::window_1 + k1) * S::window_2 + k2;
        add_tap<S, T, C, I>(sizes, row, w + tap * tap_size, i2, sums);
      }
    }
  }
}

template <class S, class T, class Y, class Finish>
__device__ __forceinline__ void gathered_convolution(const S& sizes, const T* __restrict__ x,
                                                     const T* __restrict__ w,
                                                     const T* __restrict__ bias, Y* __restrict__ y,
                                                     const Finish& finish) {
  using I = typename S::index_t;
  using C = decltype(to_compute(T()));
  constexpr int V = S::vector, vectors = S::groups * S::filters / V;
  constexpr int reach = S::pixels * S::result_step;
  const I tiles_2 = (static_cast<I>(sizes.output_2) + reach - 1) / reach * S::result_step;
  const I size0 = sizes.output_0, size1 = sizes.output_1;
  const int64 total = static_cast<int64>(vectors) * tiles_2 * size1 * size0 * sizes.batch;
  for (int64 at = blockIdx.x * static_cast<int64>(blockDim.x) + threadIdx.x; at < total;
       at += gridDim.x * static_cast<int64>(blockDim.x)) {
    const int m = static_cast<int>(at % vectors) * V;
    I rest = static_cast<I>(at / vectors);
    const I tile = rest % tiles_2;
    rest /= tiles_2;
    const I o2 = tile / S::result_step * reach + tile % S::result_step;
    const I o1 = rest % size1;
    rest /= size1;
    const I o0 = rest % size0, n = rest / size0;
    const int group = m / S::filters;
    C sums[S::pixels][V];
#pragma unroll
    for (int v = 0; v < V; ++v) {
      const C start = bias != nullptr ? to_compute(bias[m + v]) : C(0);
#pragma unroll
      for (int t = 0; t < S::pixels; ++t) sums[t][v] = start;
    }
    gather_taps<S, T, C, I>(sizes, x + n * static_cast<I>(sizes.x_n) + group * S::channels,
                            w + group * S::channels * S::filters + m % S::filters, o0, o1, o2,
                            sums);
#pragma unroll
    for (int t = 0; t < S::pixels; ++t) {
      const I place = o2 + t * S::result_step;
      if (place >= sizes.output_2) continue;
      Pack<Y, V> results;
#pragma unroll
      for (int v = 0; v < V; ++v) results.items[v] = finish(sums[t][v], n, m + v, o0, o1, place);
      *reinterpret_cast<Pack<Y, V>*>(
          y + n * static_cast<I>(sizes.y_n) + o0 * static_cast<I>(sizes.y_0) +
          o1 * static_cast<I>(sizes.y_1) + place * static_cast<I>(sizes.y_2) + m) = results;
    }
  }
}
