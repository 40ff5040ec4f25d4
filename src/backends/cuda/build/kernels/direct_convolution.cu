// Convolutions of images with few channels, whose windows and all channels make up a short sum.
//
// y[n, m, p, q] = finish(bias[m] + sum over r, s, c of w[r, s, c, m] *
//                        x[n, c, p * stride_1 + r * dilation_1 - padding_1,
//                          q * stride_2 + s * dilation_2 - padding_2]), x being 0 outside the
//                          image.
//
// x in any strides; y with channels side by side (S::channels_side_by_side) or in any strides; y is
// no operand's memory; bias may be null. The packed w is [r, s, c, m] of padded filters, a multiple
// of S::vector. Sums are of the compute type, over r, then c, then s. A block holds the weights of
// S::block_filters filters in its dynamic shared memory, [r, s, c, m] in the compute type; its
// threads compute S::vector filters of S::pixels results along q each, the filters' vectors being
// side by side in a warp, so that one reads the image for all.

template <class S, class C, class T>
__device__ __forceinline__ void load_filters(const T* __restrict__ w, int first, C* weights) {
  constexpr int V = S::vector, vectors = S::block_filters / V;
  for (int i = threadIdx.x; i < S::depth * vectors; i += blockDim.x) {
    const int k = i / vectors, m = i % vectors * V;
    if (first + m >= S::padded_filters) continue;
    const Pack<T, V> pack =
        *reinterpret_cast<const Pack<T, V>*>(w + k * S::padded_filters + first + m);
#pragma unroll
    for (int v = 0; v < V; ++v) weights[k * S::block_filters + m + v] = to_compute(pack.items[v]);
  }
}

// Adds the taps of row r of the window to the sums.
template <class S, class T, class C, class I>
__device__ __forceinline__ void add_window_row(const S& sizes, const T* __restrict__ image,
                                               const C* weights, I h, I left,
                                               C (&sums)[S::pixels][S::vector]) {
  constexpr int V = S::vector,
                columns = (S::pixels - 1) * S::stride_2 + (S::window_2 - 1) * S::dilation_2 + 1;
  const bool inside = h >= 0 && h < sizes.input_1;
  const T* const row = image + h * static_cast<I>(sizes.x_1);
#pragma unroll
  for (int c = 0; c < S::channels; ++c) {
    C line[columns];
#pragma unroll
    for (int j = 0; j < columns; ++j) {
      const I column = left + j;
      line[j] =
          inside && column >= 0 && column < sizes.input_2
              ? to_compute(row[c * static_cast<I>(sizes.x_c) + column * static_cast<I>(sizes.x_2)])
              : C(0);
    }
#pragma unroll
    for (int s = 0; s < S::window_2; ++s) {
      const Pack<C, V> tap =
          *reinterpret_cast<const Pack<C, V>*>(weights + (s * S::channels + c) * S::block_filters);
#pragma unroll
      for (int t = 0; t < S::pixels; ++t)
#pragma unroll
        for (int v = 0; v < V; ++v)
          sums[t][v] += line[t * S::stride_2 + s * S::dilation_2] * tap.items[v];
    }
  }
}

template <class S, class Y, class C, class I, class Finish>
__device__ __forceinline__ void store_pixels(const S& sizes, Y* __restrict__ y, I n, I p, I q, I m,
                                             const C (&sums)[S::pixels][S::vector],
                                             const Finish& finish) {
  constexpr int V = S::vector;
#pragma unroll
  for (int t = 0; t < S::pixels; ++t) {
    if (q + t >= sizes.output_2) continue;
    Y* const to = y + n * static_cast<I>(sizes.y_n) + p * static_cast<I>(sizes.y_1) +
                  (q + t) * static_cast<I>(sizes.y_2) + m * static_cast<I>(sizes.y_c);
    if constexpr (S::channels_side_by_side != 0 && S::filters % V == 0) {
      Pack<Y, V> results;
#pragma unroll
      for (int v = 0; v < V; ++v) results.items[v] = finish(sums[t][v], n, m + v, I(0), p, q + t);
      *reinterpret_cast<Pack<Y, V>*>(to) = results;
    } else {
#pragma unroll
      for (int v = 0; v < V; ++v)
        if (m + v < S::filters)
          to[v * static_cast<I>(sizes.y_c)] = finish(sums[t][v], n, m + v, I(0), p, q + t);
    }
  }
}

template <class S, class T, class Y, class Finish>
__device__ __forceinline__ void direct_convolution(const S& sizes, const T* __restrict__ x,
                                                   const T* __restrict__ w,
                                                   const T* __restrict__ bias, Y* __restrict__ y,
                                                   const Finish& finish) {
  using I = typename S::index_t;
  using C = decltype(to_compute(T()));
  constexpr int V = S::vector, vectors = S::block_filters / V;
  C* const weights = reinterpret_cast<C*>(dynamic_shared_memory);
  const int first = static_cast<int>(blockIdx.y) * S::block_filters;
  load_filters<S>(w, first, weights);
  __syncthreads();
  const int local = static_cast<int>(threadIdx.x) % vectors * V;
  const I m = first + local;
  if (m >= S::filters) return;
  const I tiles_q = (static_cast<I>(sizes.output_2) + S::pixels - 1) / S::pixels;
  const int64 tiles = static_cast<int64>(tiles_q) * sizes.output_1 * sizes.batch;
  const int tiles_of_block = static_cast<int>(blockDim.x) / vectors;
  for (int64 tile = blockIdx.x * static_cast<int64>(tiles_of_block) + threadIdx.x / vectors;
       tile < tiles; tile += gridDim.x * static_cast<int64>(tiles_of_block)) {
    I rest = static_cast<I>(tile);
    const I q = rest % tiles_q * S::pixels;
    rest /= tiles_q;
    const I p = rest % static_cast<I>(sizes.output_1);
    const I n = rest / static_cast<I>(sizes.output_1);
    C sums[S::pixels][V];
#pragma unroll
    for (int v = 0; v < V; ++v) {
      const C start = bias != nullptr && m + v < S::filters ? to_compute(bias[m + v]) : C(0);
#pragma unroll
      for (int t = 0; t < S::pixels; ++t) sums[t][v] = start;
    }
    const T* const image = x + n * static_cast<I>(sizes.x_n);
    const I left = q * S::stride_2 - static_cast<I>(sizes.padding_2);
    constexpr int unrolled = S::depth <= 32 ? S::window_1 : 1;
#pragma unroll unrolled
    for (int r = 0; r < S::window_1; ++r)
      add_window_row<S, T, C, I>(
          sizes, image, weights + r * S::window_2 * S::channels * S::block_filters + local,
          p * S::stride_1 + r * S::dilation_1 - static_cast<I>(sizes.padding_1), left, sums);
    store_pixels<S, Y, C, I>(sizes, y, n, p, q, m, sums, finish);
  }
}
