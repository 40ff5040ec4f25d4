// Convolutions of windows of 3 x 3 by Winograd's algorithm: y of a tile of M x M results, M =
// S::tile, is A' [sum over c of (B' d B) * (G w G')] A of the patch d of N x N elements of the
// image, N = M + 2. The two kernels here compute B' d B and A' [..] A; a batch of N * N products of
// matrices stands between them. src/problem/winograd_window.h has the matrices.

// One dimension of B' d (patch) and of A' v (tile).
template <int M>
struct WinogradTransform;
template <>
struct WinogradTransform<2> {
  static __device__ __forceinline__ void patch(const float (&d)[4], float (&v)[4]) {
    v[0] = d[0] - d[2];
    v[1] = d[1] + d[2];
    v[2] = d[2] - d[1];
    v[3] = d[1] - d[3];
  }
  static __device__ __forceinline__ void tile(const float (&v)[4], float (&y)[2]) {
    y[0] = v[0] + v[1] + v[2];
    y[1] = v[1] - v[2] - v[3];
  }
};
template <>
struct WinogradTransform<4> {
  static __device__ __forceinline__ void patch(const float (&d)[6], float (&v)[6]) {
    const float even = d[4] - 2.25f * d[2], odd = 0.75f * d[3] - 1.6875f * d[1];
    const float near = d[4] - 0.5625f * d[2], far = 1.5f * d[3] - 0.84375f * d[1];
    v[0] = 1.265625f * d[0] - 2.8125f * d[2] + d[4];
    v[1] = even + odd;
    v[2] = even - odd;
    v[3] = near + far;
    v[4] = near - far;
    v[5] = 1.265625f * d[1] - 2.8125f * d[3] + d[5];
  }
  static __device__ __forceinline__ void tile(const float (&v)[6], float (&y)[4]) {
    const float sum = v[1] + v[2], difference = v[1] - v[2];
    const float far_sum = v[3] + v[4], far_difference = v[3] - v[4];
    y[0] = v[0] + sum + far_sum;
    y[1] = 0.75f * difference + 1.5f * far_difference;
    y[2] = 0.5625f * sum + 2.25f * far_sum;
    y[3] = 0.421875f * difference + 3.375f * far_difference + v[5];
  }
};

// What transformed patches are multiplied by, and transformed windows divided by: for M = 2 they
// are sums of four elements, which might be more than float16 holds.
template <class T>
struct PatchScale {
  static constexpr float value = 1;
};
template <>
struct PatchScale<half_t> {
  static constexpr float value = 0.25f;
};

// Which tile of the result, and of which image.
template <class I>
struct WinogradPlace {
  I n, p, q;

  template <class S>
  __device__ __forceinline__ WinogradPlace(const S& sizes, int64 tile) {
    I rest = static_cast<I>(tile);
    q = rest % static_cast<I>(sizes.tiles_2) * S::tile;
    rest /= static_cast<I>(sizes.tiles_2);
    p = rest % static_cast<I>(sizes.tiles_1) * S::tile;
    n = rest / static_cast<I>(sizes.tiles_1);
  }
};

// How many of the slice's tiles, from tile `first` of the result on, there are.
template <class S>
__device__ __forceinline__ int64 tiles_of_slice(const S& sizes, int64 first) {
  const int64 left = sizes.tiles - first;
  return left < sizes.slice ? left : static_cast<int64>(sizes.slice);
}

// One dimension of the transforms for V channels or filters, of places `from` in row `row`.
template <class Transform, int N, int R, int V>
__device__ __forceinline__ void transform_patch(const float (&from)[N][R][V], int row,
                                                float (&to)[N][V]) {
#pragma unroll
  for (int j = 0; j < V; ++j) {
    float in[N], out[N];
#pragma unroll
    for (int i = 0; i < N; ++i) in[i] = from[i][row][j];
    Transform::patch(in, out);
#pragma unroll
    for (int i = 0; i < N; ++i) to[i][j] = out[i];
  }
}
template <class Transform, int N, int R, int M, int V>
__device__ __forceinline__ void transform_tile(const float (&from)[N][R][V], int row,
                                               float (&to)[M][V]) {
#pragma unroll
  for (int j = 0; j < V; ++j) {
    float in[N], out[M];
#pragma unroll
    for (int i = 0; i < N; ++i) in[i] = from[i][row][j];
    Transform::tile(in, out);
#pragma unroll
    for (int i = 0; i < M; ++i) to[i][j] = out[i];
  }
}

// A column of a patch, whose channels begin at `image`; 0 outside of it and where not `inside`.
template <class S, class T, class I, int N, int V>
__device__ __forceinline__ void load_column(const S& sizes, const T* __restrict__ image, I top, I w,
                                            bool inside, float (&d)[N][1][V]) {
#pragma unroll
  for (int row = 0; row < N; ++row) {
    const I h = top + row;
    Pack<T, V> pack = {};
    if (inside && w >= 0 && w < sizes.input_2 && h >= 0 && h < sizes.input_1)
      pack = *reinterpret_cast<const Pack<T, V>*>(image + h * static_cast<I>(sizes.x_1) +
                                                  w * static_cast<I>(sizes.x_2));
#pragma unroll
    for (int j = 0; j < V; ++j) d[row][0][j] = to_compute(pack.items[j]);
  }
}

// v[place][tile - first][channel] = (B' d B)[place] * PatchScale, for the slice's tiles, in lines
// of S::padded_channels whose end is 0. x is channels-last; both are aligned to S::vector elements,
// which S::channels is a multiple of. A thread transforms so many channels of a patch in float32.
template <class S, class T>
__device__ __forceinline__ void winograd_input(const S& sizes, const T* __restrict__ x,
                                               T* __restrict__ v, int64 first) {
  using I = typename S::index_t;
  using Transform = WinogradTransform<S::tile>;
  constexpr int N = S::tile + 2, V = S::vector, vectors = S::padded_channels / V;
  const int64 total = tiles_of_slice(sizes, first) * vectors;
  const int64 place_stride = static_cast<int64>(sizes.slice) * S::padded_channels;
  for (int64 at = blockIdx.x * static_cast<int64>(blockDim.x) + threadIdx.x; at < total;
       at += gridDim.x * static_cast<int64>(blockDim.x)) {
    const int c = static_cast<int>(at % vectors) * V;
    const int64 tile = at / vectors;
    const WinogradPlace<I> place(sizes, first + tile);
    const T* const image = x + place.n * static_cast<I>(sizes.x_n) + c;
    float columns[N][N][V];  // [column][row]
#pragma unroll
    for (int column = 0; column < N; ++column) {
      float d[N][1][V];
      load_column<S, T, I>(sizes, image, place.p - static_cast<I>(sizes.padding_1),
                           place.q + column - static_cast<I>(sizes.padding_2), c < S::channels, d);
      transform_patch<Transform>(d, 0, columns[column]);
    }
    T* const to = v + tile * S::padded_channels + c;
#pragma unroll
    for (int row = 0; row < N; ++row) {
      float results[N][V];
      transform_patch<Transform>(columns, row, results);
#pragma unroll
      for (int column = 0; column < N; ++column) {
        Pack<T, V> pack;
#pragma unroll
        for (int j = 0; j < V; ++j)
          pack.items[j] = from_compute<T>(results[column][j] * PatchScale<T>::value);
        *reinterpret_cast<Pack<T, V>*>(to + (row * N + column) * place_stride) = pack;
      }
    }
  }
}

// finish(row, m, values) of S::vector filters from m on, for each position of the slice's tiles
// that the result has, row being its number among all: `values` is A' s A of the sums
// s[place][tile - first][filter], in lines of S::line. S::filters is a multiple of S::vector, which
// is at most 4.
template <class S, class Finish>
__device__ __forceinline__ void winograd_output(const S& sizes, const float* __restrict__ sums,
                                                int64 first, const Finish& finish) {
  using I = typename S::index_t;
  using Transform = WinogradTransform<S::tile>;
  constexpr int M = S::tile, N = M + 2, V = S::vector, vectors = S::filters / V;
  const int64 total = tiles_of_slice(sizes, first) * vectors;
  const int64 place_stride = static_cast<int64>(sizes.slice) * S::line;
  for (int64 at = blockIdx.x * static_cast<int64>(blockDim.x) + threadIdx.x; at < total;
       at += gridDim.x * static_cast<int64>(blockDim.x)) {
    const int m = static_cast<int>(at % vectors) * V;
    const int64 tile = at / vectors;
    const float* const from = sums + tile * S::line + m;
    float columns[N][M][V];  // [column][row]
#pragma unroll
    for (int column = 0; column < N; ++column) {
      float s[N][1][V];
#pragma unroll
      for (int row = 0; row < N; ++row) {
        const Pack<float, V> pack =
            *reinterpret_cast<const Pack<float, V>*>(from + (row * N + column) * place_stride);
#pragma unroll
        for (int j = 0; j < V; ++j) s[row][0][j] = pack.items[j];
      }
      transform_tile<Transform>(s, 0, columns[column]);
    }
    const WinogradPlace<I> place(sizes, first + tile);
#pragma unroll
    for (int row = 0; row < M; ++row) {
      const I p = place.p + row;
      if (p >= sizes.output_1) continue;
      float results[M][V];
      transform_tile<Transform>(columns, row, results);
      const I line =
          (place.n * static_cast<I>(sizes.output_1) + p) * static_cast<I>(sizes.output_2);
#pragma unroll
      for (int column = 0; column < M; ++column)
        if (place.q + column < sizes.output_2)
          finish(line + place.q + column, static_cast<I>(m), results[column]);
    }
  }
}
