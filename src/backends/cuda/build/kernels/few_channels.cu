// Convolutions of images with few channels, 16-bit floats, on tensor cores: rows of the image come
// to shared memory once for a tile of S::tile_p x S::tile_q results, and fragments are read there.
//
// y[n, p, q, m] = finish(sum over r, s, c of w[m, r, s, c] *
//                        x[n, c, p * stride_1 + r - padding_1, q * stride_2 + s - padding_2]), x
//                        being 0 outside the image.
//
// x in any strides; y is no operand's memory. Sums are of floats. In shared memory a row of the
// image is a line of S::pitch elements, for each of S::planes planes; a pixel has S::unit elements
// of it: the channels, padded so that windows begin at even places (S::stride_2 * S::unit is even),
// or one where each plane is a channel. S::chunk > 1: memory has the elements of a line in the same
// order, and so many of them are copied at once; then the first window begins S::lead elements
// behind the line's begin. A line of the window (row r of a plane) counts S::parts * 8 elements of
// the depth: those from an even place on, zeros where the window has none. The packed w is
// [m][plane, r, parts of 8] in that order, each filter in S::weight_pitch elements, for whole
// blocks of S::block_filters filters; S::depth is a multiple of 16.

template <class S, class T>
struct ImageTile {
  using I = typename S::index_t;
  static constexpr int rows = (S::tile_p - 1) * S::stride_1 + S::window_1;
  static constexpr int columns = (S::tile_q - 1) * S::stride_2 + S::window_2;
  static constexpr int line = S::lead + columns * S::unit, bytes = S::planes * rows * S::pitch * 2;
  static_assert(sizeof(T) == 2 && S::stride_2 * S::unit % 2 == 0 && S::pitch % 8 == 0, "even");
  static_assert(S::tile_q % 16 == 0, "chunks of all tiles begin alike");

  // Starts to bring the lines for results from (p, q) on of the image at `item`.
  template <int THREADS>
  static __device__ __forceinline__ void fetch(const S& sizes, const T* __restrict__ item, I p, I q,
                                               T* to) {
    const I top = p * S::stride_1 - S::padding_1, left = q * S::stride_2 - S::padding_2;
    if constexpr (S::chunk > 1)
      fetch_chunks<THREADS>(sizes, item, top, left * S::unit - S::lead, to);
    else
      fetch_pixels<THREADS>(sizes, item, top, left, to);
  }

 private:
  template <int THREADS>
  static __device__ __forceinline__ void fetch_chunks(const S& sizes, const T* __restrict__ item,
                                                      I top, I first, T* to) {
    constexpr int chunks = (line + S::chunk - 1) / S::chunk, total = S::planes * rows * chunks;
#pragma unroll 4
    for (int i = static_cast<int>(threadIdx.x); i < total; i += THREADS) {
      const int chunk = i % chunks * S::chunk, row = i / chunks;
      const I h = top + row % rows, at = first + chunk;
      const bool inside = h >= 0 && h < sizes.input_1 && at >= 0 && at < sizes.input_2 * S::unit;
      const I from = row / rows * static_cast<I>(sizes.x_c) + h * static_cast<I>(sizes.x_1) + at;
      async_copy<S::chunk * 2>(to + (row * S::pitch + chunk), item + (inside ? from : 0), inside);
    }
  }

  // A thread brings whole pixels; several are on their way at once.
  template <int THREADS>
  static __device__ __forceinline__ void fetch_pixels(const S& sizes, const T* __restrict__ item,
                                                      I top, I left, T* to) {
    static_assert(S::planes == 1, "pixels have all channels");
    constexpr int total = rows * columns, at_once = 4;
#pragma unroll 1
    for (int first = static_cast<int>(threadIdx.x); first < total; first += at_once * THREADS) {
      T pixels[at_once][S::unit];
#pragma unroll
      for (int k = 0; k < at_once; ++k) {
        const int i = first + k * THREADS;
        const I h = top + i / columns, w = left + i % columns;
        const bool inside = i < total && h >= 0 && h < sizes.input_1 && w >= 0 && w < sizes.input_2;
        const T* const from =
            item + (inside ? h * static_cast<I>(sizes.x_1) + w * static_cast<I>(sizes.x_2) : 0);
#pragma unroll
        for (int c = 0; c < S::unit; ++c)
          pixels[k][c] = inside && c < S::channels ? from[c * static_cast<I>(sizes.x_c)] : T{};
      }
#pragma unroll
      for (int k = 0; k < at_once; ++k) {
        const int i = first + k * THREADS;
        if (i < total) put_pixel(to + (i / columns * S::pitch + i % columns * S::unit), pixels[k]);
      }
    }
  }
  static __device__ __forceinline__ void put_pixel(T* to, const T (&pixel)[S::unit]) {
    if constexpr (S::unit % 2 == 0) {
      Pack<T, S::unit> pack;
#pragma unroll
      for (int c = 0; c < S::unit; ++c) pack.items[c] = pixel[c];
      *reinterpret_cast<Pack<T, S::unit>*>(to) = pack;
    } else {
#pragma unroll
      for (int c = 0; c < S::unit; ++c) to[c] = pixel[c];
    }
  }
};

// The fragments of a warp. A step of 16 of the depth is two parts of 8, of the same or of two
// lines.
template <class S, class Tile>
struct WindowFragments {
  using T = typename Tile::Element;
  using Rows = ImageTile<S, T>;
  using Part = WarpPart<Tile>;
  static constexpr int count_m = Part::warp_m / 16, count_n = Part::warp_n / 8;
  static constexpr int lines = S::planes * S::window_1, steps = S::depth / 16;
  static constexpr int begin = S::lead % 2, end = begin + S::window_2 * S::unit;  // of a line
  static_assert(steps * 2 >= lines * S::parts && S::parts * 8 >= end, "the whole window");

  const T* pixels[count_m];  // the lane's first word in row lane / 4 of each fragment
  const T* filters;
  unsigned masks[S::parts];

  __device__ __forceinline__ WindowFragments(const T* weights) {
    const int lane = lane_id();
    filters = weights + (lane / 16 * 8 + lane % 8) * S::weight_pitch + lane / 8 % 2 * 8;
#pragma unroll
    for (int part = 0; part < S::parts; ++part) {
      const int k = part * 8 + lane % 4 * 2;
      masks[part] = (is_in(k) ? 0xffffu : 0u) | (is_in(k + 1) ? 0xffff0000u : 0u);
    }
  }

  __device__ __forceinline__ void read_from(const T* image) {
#pragma unroll
    for (int i = 0; i < count_m; ++i) {
      const int row = Part::first_row() + i * 16;
      pixels[i] = image + row / S::tile_q * (S::stride_1 * S::pitch) +
                  (row % S::tile_q + lane_id() / 4) * (S::stride_2 * S::unit) + (S::lead - begin) +
                  lane_id() % 4 * 2;
    }
  }

  __device__ __forceinline__ void load(unsigned (&a)[count_m][4], unsigned (&b)[count_n][2],
                                       int step) const {
#pragma unroll
    for (int i = 0; i < count_m; ++i)
#pragma unroll
      for (int e = 0; e < 4; ++e) a[i][e] = word(pixels[i], step * 2 + e / 2, e % 2);
#pragma unroll
    for (int j = 0; j < count_n; j += 2) {
      unsigned both[4];
      load_matrices(both, filters + (j * 8 * S::weight_pitch + step * 16));
      b[j][0] = both[0];
      b[j][1] = both[1];
      b[j + 1][0] = both[2];
      b[j + 1][1] = both[3];
    }
  }

  template <class Sums>
  __device__ __forceinline__ void multiply(Sums& to) const {
    unsigned a[2][count_m][4], b[2][count_n][2];
    load(a[0], b[0], 0);
#pragma unroll
    for (int s = 0; s < steps; ++s) {
      if (s + 1 < steps) load(a[(s + 1) % 2], b[(s + 1) % 2], s + 1);
#pragma unroll
      for (int i = 0; i < count_m; ++i)
#pragma unroll
        for (int j = 0; j < count_n; ++j)
          TensorProduct<T>::add(to.sums[i][j], a[s % 2][i], b[s % 2][j]);
    }
  }

 private:
  static __device__ __forceinline__ bool is_in(int k) { return k >= begin && k < end; }
  // What lies beside the window may be anything, NaN too, and has to count nothing.
  __device__ __forceinline__ unsigned word(const T* from, int half, int lower) const {
    const int line = half / S::parts, part = half % S::parts;
    if (line >= lines) return 0;
    const T* const at = from + (line / S::window_1 * Rows::rows + line % S::window_1) * S::pitch +
                        part * 8 + lower * (8 * S::stride_2 * S::unit);
    const unsigned bits = *reinterpret_cast<const unsigned*>(at);
    const bool whole = (part > 0 || begin == 0) && part * 8 + 8 <= end;
    return whole ? bits : bits & masks[part];
  }
};

// Tiles of results go round among the blocks along x; those along y have their own filters.
// finish(row, column, values): PACK neighbours along the filters, of row (n * P + p) * Q + q.
template <class Tile, int PACK, class S, class T, class Finish>
__device__ __forceinline__ void few_channels_convolution(const S& sizes, const T* __restrict__ x,
                                                         const T* __restrict__ w,
                                                         const Finish& finish) {
  using I = typename S::index_t;
  using Rows = ImageTile<S, T>;
  constexpr int strip_bytes = Tile::threads / 32 * 16 * (S::block_filters + 8) * 4;
  constexpr int weights_size = S::block_filters * S::weight_pitch;
  T* const weights = reinterpret_cast<T*>(dynamic_shared_memory + strip_bytes);
  T* const images = weights + weights_size;
  const int first_column = static_cast<int>(blockIdx.y) * S::block_filters;
  const I tiles_p = (static_cast<I>(sizes.output_1) + (S::tile_p - 1)) / S::tile_p,
          tiles_q = (static_cast<I>(sizes.output_2) + (S::tile_q - 1)) / S::tile_q;
  const I tiles = tiles_p * tiles_q * static_cast<I>(sizes.batch);
  const auto fetch = [&](I tile, T* to) {
    Rows::template fetch<Tile::threads>(
        sizes, x + tile / (tiles_p * tiles_q) * static_cast<int64>(sizes.x_n),
        tile / tiles_q % tiles_p * S::tile_p, tile % tiles_q * S::tile_q, to);
  };
  const T* const from = w + static_cast<int64>(first_column) * S::weight_pitch;
#pragma unroll 4
  for (int i = static_cast<int>(threadIdx.x) * 8; i < weights_size; i += Tile::threads * 8)
    async_copy<16>(weights + i, from + i, true);
  I tile = static_cast<I>(blockIdx.x);
  if (tile < tiles) fetch(tile, images);
  async_commit();
  WindowFragments<S, Tile> fragments(weights);
  int reading = 0;
#pragma unroll 1
  for (; tile < tiles; tile += static_cast<I>(gridDim.x)) {
    async_wait<0>();
    __syncthreads();
    if (tile + static_cast<I>(gridDim.x) < tiles)
      fetch(tile + static_cast<I>(gridDim.x), images + (1 - reading) * (Rows::bytes / 2));
    async_commit();
    TensorSums<Tile, void, void> sums;
    fragments.read_from(images + reading * (Rows::bytes / 2));
    fragments.multiply(sums);
    const I n = tile / (tiles_p * tiles_q), first_p = tile / tiles_q % tiles_p * S::tile_p,
            first_q = tile % tiles_q * S::tile_q;
    for_each_pack<Tile, PACK>(sums, [&](int tile_row, int tile_column, const float(&values)[PACK]) {
      const I p = first_p + tile_row / S::tile_q, q = first_q + tile_row % S::tile_q;
      const I column = first_column + tile_column;
      if (p >= sizes.output_1 || q >= sizes.output_2 || column >= S::filters) return;
      finish((n * static_cast<I>(sizes.output_1) + p) * static_cast<I>(sizes.output_2) + q, column,
             values);
    });
    reading = 1 - reading;
  }
}
