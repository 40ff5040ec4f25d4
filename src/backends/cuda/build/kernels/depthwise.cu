// Convolutions in which every channel is a group of its own, channels-last.
//
// y[n, p, q, m] = finish(bias[m] + sum over r, s of (w[r, s, m] - zero of the weights) *
//                        (x[n, p * stride_1 + r * dilation_1 - padding_1,
//                           q * stride_2 + s * dilation_2 - padding_2, m / multiplier]
//                         - zero of the image))
//
// where there is no image the factor is 0. Bytes are summed up as int; S::image_zero and
// S::weight_zero say which zeros there are, of the weights none, one (1) or one a filter (2).
// x, y and the packed w are contiguous in that order; y is no operand's memory; bias may be null.
// Sums are of the compute type, over r and then s. A thread computes S::vector channels (which
// divide the number of channels, and are aligned to as many elements) of S::rows x S::pixels
// results; a block S::block_channels such vectors of S::block_rows x S::block_pixels threads'
// tiles, in this order of its threads, so that what neighbours read alike is found in the L1 cache.

template <class T>
struct DepthwiseSum {
  using type = decltype(to_compute(T()));
};
template <>
struct DepthwiseSum<int8> {
  using type = int;
};
template <>
struct DepthwiseSum<uint8> {
  using type = int;
};

template <class T, int V>
struct Computed {
  typename DepthwiseSum<T>::type items[V];
};

// Zero points of bytes: of the image, and where those of the weights are.
template <class W>
struct DepthwiseZeros {
  int image;
  const W* weights;
};

// Those of filters m .. m + V - 1.
template <int KIND, int V, class W, class I>
__device__ __forceinline__ Computed<W, V> weight_zeros(const W* zeros, I m) {
  Computed<W, V> result = {};
  if constexpr (KIND != 0)
#pragma unroll
    for (int v = 0; v < V; ++v) result.items[v] = to_compute(zeros[KIND == 1 ? 0 : m + v]);
  return result;
}

template <int V, class T>
__device__ __forceinline__ Computed<T, V> load_computed(const T* __restrict__ from) {
  const Pack<T, V> pack = *reinterpret_cast<const Pack<T, V>*>(from);
  Computed<T, V> result;
#pragma unroll
  for (int v = 0; v < V; ++v) result.items[v] = to_compute(pack.items[v]);
  return result;
}

// The input channels of results m .. m + V - 1 at a place of the image.
template <int V, int MULTIPLIER, class T, class I>
__device__ __forceinline__ Computed<T, V> load_channels(const T* __restrict__ place, I m) {
  if constexpr (MULTIPLIER == 1) {
    return load_computed<V>(place + m);
  } else {
    Computed<T, V> result;
#pragma unroll
    for (int v = 0; v < V; ++v) result.items[v] = to_compute(place[(m + v) / MULTIPLIER]);
    return result;
  }
}

template <class S, class T, class I>
__device__ __forceinline__ Computed<T, S::vector> load_centred(const T* __restrict__ place, I m,
                                                               int zero) {
  Computed<T, S::vector> result = load_channels<S::vector, S::multiplier>(place, m);
  if constexpr (S::image_zero != 0)
#pragma unroll
    for (int v = 0; v < S::vector; ++v) result.items[v] -= zero;
  return result;
}

// Adds what row `i` of the tile's part of the image gives to the sums.
template <class S, class T, class W, class I, class Zeros, class Sums>
__device__ __forceinline__ void add_depthwise_row(const S& sizes, const T* __restrict__ x,
                                                  const W* __restrict__ w, I m, I h, I left, int i,
                                                  int image_zero, const Zeros& zeros, Sums& sums) {
  constexpr int V = S::vector,
                columns = (S::pixels - 1) * S::stride_2 + (S::window_2 - 1) * S::dilation_2 + 1;
  Computed<T, V> line[columns];
  const bool inside = h >= 0 && h < sizes.input_1;
  const T* const row = x + h * sizes.x_1;
#pragma unroll
  for (int j = 0; j < columns; ++j) {
    const I column = left + j;
    line[j] = {};
    if (inside && column >= 0 && column < sizes.input_2)
      line[j] = load_centred<S>(row + column * sizes.x_2, m, image_zero);
  }
#pragma unroll
  for (int k = 0; k < S::rows; ++k) {
    const int reach = i - k * S::stride_1;
    if (reach < 0 || reach % S::dilation_1 != 0 || reach / S::dilation_1 >= S::window_1) continue;
    const W* const taps = w + (reach / S::dilation_1 * S::window_2) * S::filters_in_all + m;
#pragma unroll
    for (int s = 0; s < S::window_2; ++s) {
      Computed<W, V> tap = load_computed<V>(taps + s * S::filters_in_all);
      if constexpr (S::weight_zero != 0)
#pragma unroll
        for (int v = 0; v < V; ++v) tap.items[v] -= zeros.items[v];
#pragma unroll
      for (int t = 0; t < S::pixels; ++t)
#pragma unroll
        for (int v = 0; v < V; ++v)
          sums[k][t].items[v] += line[t * S::stride_2 + s * S::dilation_2].items[v] * tap.items[v];
    }
  }
}

template <class S, class T, class W, class Y, class I, class Finish>
__device__ __forceinline__ void depthwise_tile(const S& sizes, const T* __restrict__ x,
                                               const W* __restrict__ w, const T* __restrict__ bias,
                                               const DepthwiseZeros<W>& zeros, Y* __restrict__ y,
                                               I n, I p, I q, I m, const Finish& finish) {
  constexpr int V = S::vector;
  Computed<T, V> sums[S::rows][S::pixels];
  Computed<T, V> start = {};
  if (bias != nullptr) start = load_computed<V>(bias + m);
#pragma unroll
  for (int k = 0; k < S::rows; ++k)
#pragma unroll
    for (int t = 0; t < S::pixels; ++t) sums[k][t] = start;

  const auto of_weights = weight_zeros<S::weight_zero, V>(zeros.weights, m);
  const T* const image = x + n * static_cast<I>(sizes.x_n);
  const I top = p * S::stride_1 - static_cast<I>(sizes.padding_1);
  const I left = q * S::stride_2 - static_cast<I>(sizes.padding_2);
  // With one row of results, the rows of the image between the taps are left out.
  constexpr int step = S::rows == 1 ? S::dilation_1 : 1;
  constexpr int height = (S::rows - 1) * S::stride_1 + (S::window_1 - 1) * S::dilation_1 + 1;
  constexpr int unrolled =  // as long as registers hold what is loaded early
      V * S::pixels * S::rows * S::window_1 * S::window_2 <= 288 ? height : 1;
#pragma unroll unrolled
  for (int i = 0; i < height; i += step)
    add_depthwise_row(sizes, image, w, m, top + i, left, i, zeros.image, of_weights, sums);

#pragma unroll
  for (int k = 0; k < S::rows; ++k)
#pragma unroll
    for (int t = 0; t < S::pixels; ++t) {
      if (p + k >= sizes.output_1 || q + t >= sizes.output_2) continue;
      Pack<Y, V> results;
#pragma unroll
      for (int v = 0; v < V; ++v)
        results.items[v] = finish(sums[k][t].items[v], n, m + v, I(0), p + k, q + t);
      *reinterpret_cast<Pack<Y, V>*>(y + n * static_cast<I>(sizes.y_n) + (p + k) * sizes.y_1 +
                                     (q + t) * sizes.y_2 + m) = results;
    }
}

template <class S, class T, class W, class Y, class Finish>
__device__ __forceinline__ void depthwise(const S& sizes, const T* __restrict__ x,
                                          const W* __restrict__ w, const T* __restrict__ bias,
                                          const DepthwiseZeros<W>& zeros, Y* __restrict__ y,
                                          const Finish& finish) {
  using I = typename S::index_t;
  constexpr int vectors = S::filters_in_all / S::vector;
  constexpr int channel_blocks = (vectors + S::block_channels - 1) / S::block_channels;
  constexpr int wide = S::block_pixels * S::pixels, high = S::block_rows * S::rows;
  const I blocks_q = (static_cast<I>(sizes.output_2) + wide - 1) / wide;
  const I blocks_p = (static_cast<I>(sizes.output_1) + high - 1) / high;
  const int64 blocks = static_cast<int64>(channel_blocks) * blocks_q * blocks_p * sizes.batch;
  const int thread = static_cast<int>(threadIdx.x);
  const int channel = thread % S::block_channels;
  const int pixel = thread / S::block_channels % S::block_pixels;
  const int row = thread / (S::block_channels * S::block_pixels);
  for (int64 block = blockIdx.x; block < blocks; block += gridDim.x) {
    I rest = static_cast<I>(block);
    const I vector = rest % channel_blocks * S::block_channels + channel;
    rest /= channel_blocks;
    const I q = (rest % blocks_q * S::block_pixels + pixel) * S::pixels;
    rest /= blocks_q;
    const I p = (rest % blocks_p * S::block_rows + row) * S::rows;
    const I n = rest / blocks_p;
    if (vector < vectors && p < sizes.output_1 && q < sizes.output_2)
      depthwise_tile(sizes, x, w, bias, zeros, y, n, p, q, vector * S::vector, finish);
  }
}
