// Tiles in shared memory of attention on tensor cores; see attention_mma.cu, which says what C has.

// Products of warps. Float32 is rounded to TF32.
template <class T>
struct AttentionMma;
template <>
struct AttentionMma<half_t> {
  static __device__ __forceinline__ void multiply(float (&d)[4], const unsigned (&a)[4],
                                                  const unsigned (&b)[2]) {
    mma_f16(d, a, b);
  }
  static __device__ __forceinline__ void prepare(unsigned (&)[4]) {}
  static __device__ __forceinline__ unsigned pack(float low, float high) {
    return float_to_half2(low, high);
  }
};
template <>
struct AttentionMma<bfloat16_t> {
  static __device__ __forceinline__ void multiply(float (&d)[4], const unsigned (&a)[4],
                                                  const unsigned (&b)[2]) {
    mma_bf16(d, a, b);
  }
  static __device__ __forceinline__ void prepare(unsigned (&)[4]) {}
  static __device__ __forceinline__ unsigned pack(float low, float high) {
    return float_to_bfloat16x2(low, high);
  }
};
template <>
struct AttentionMma<float> {
  static __device__ __forceinline__ void multiply(float (&d)[4], const unsigned (&a)[4],
                                                  const unsigned (&b)[2]) {
    mma_tf32(d, a, b);
  }
  static __device__ __forceinline__ void prepare(unsigned (&fragment)[4]) {
#pragma unroll
    for (unsigned& x : fragment) x = float_to_tf32(__uint_as_float(x));
  }
  static __device__ __forceinline__ Pack<float, 2> pack(float low, float high) {
    return {{low, high}};
  }
};

// Sizes in shared memory. A row is an odd number of 16-byte pieces, so that eight rows that are
// read at once lie in different banks.
template <class C>
struct AttentionTile {
  using T = typename C::element;
  static constexpr int threads = 32 * C::warps;
  static constexpr int row_tiles = C::block_rows / (16 * C::warps);
  static constexpr int piece = 16 / sizeof(T);  // elements; a product is two pieces deep
  static constexpr int depth = (C::head + 2 * piece - 1) / (2 * piece) * 2 * piece;
  static constexpr int width = (C::value_head + 2 * piece - 1) / (2 * piece) * 2 * piece;
  static constexpr int key_pitch = depth + piece, value_pitch = width + piece;
  static constexpr int depth_steps = depth / (2 * piece);
  // Whether threads copy the same columns of every row.
  template <int PADDED>
  static constexpr bool copies_even = C::vector > 1 && threads % (PADDED / C::vector) == 0;
  // Whether the tile that begins there is computed up to tail_keys.
  static __device__ __forceinline__ bool has_tail(const AttentionOperands<C>& a, int64 first) {
    return C::tail_keys < C::block_keys && first + C::block_keys > a.total();
  }
  static constexpr int key_tiles = C::block_keys / 8;
  static constexpr int tile_elements = C::block_keys * (key_pitch + value_pitch);
  // Each warp's queries give way to its results.
  static constexpr int query_pitch = key_pitch > value_pitch ? key_pitch : value_pitch;
  static constexpr int query_elements = C::block_rows * query_pitch;
  static constexpr bool stages_mask = C::has_mask && !C::mask_varies;
  static constexpr int biases = (C::block_keys + threads - 1) / threads;  // of a thread
  // Scores are multiplied with the scale as exponents are made, where nothing is done to them.
  static constexpr bool folds_scale = C::scale > 0 && C::softcap == 0 && !C::has_mask;
  static constexpr float log2_e = 1.4426950408889634f;
  static constexpr float unit = C::scale * log2_e;  // exponents of 2 for one of q . k
  static constexpr float factor = folds_scale ? unit : 1.0f;
};

// ROWS rows of SIZE elements, zeros up to PADDED, PITCH apart; row(r) points to row r, nullptr:
// zeros.
template <class C, int ROWS, int SIZE, int PADDED, int PITCH, class RowOf>
__device__ __forceinline__ void attention_copy(typename C::element* shared, RowOf row) {
  constexpr int pieces = PADDED / C::vector, threads = AttentionTile<C>::threads;
#pragma unroll 2
  for (int first = 0; first < ROWS * pieces; first += threads) {
    const int u = first + static_cast<int>(threadIdx.x);
    if (ROWS * pieces % threads != 0 && u >= ROWS * pieces) break;
    const int r = u / pieces, c = u % pieces * C::vector;
    const auto* from = row(r);
    const bool valid = from != nullptr && (SIZE == PADDED || c < SIZE);
    auto* to = shared + r * PITCH + c;
    if constexpr (C::vector * sizeof(*to) < 4)
      *to = valid ? from[c] : typename C::element{0};
    else
      async_copy<C::vector* static_cast<int>(sizeof(typename C::element))>(
          to, valid ? from + c : from, valid);
  }
}

// The same of rows that are all there, `distance` elements apart.
template <class C, int ROWS, int SIZE, int PADDED, int PITCH>
__device__ __forceinline__ void attention_copy_even(typename C::element* shared,
                                                    const typename C::element* from,
                                                    int64 distance) {
  constexpr int pieces = PADDED / C::vector, rows_at_once = AttentionTile<C>::threads / pieces;
  const int r = static_cast<int>(threadIdx.x) / pieces;
  const int c = static_cast<int>(threadIdx.x) % pieces * C::vector;
  from += r * distance + c;
  shared += r * PITCH + c;
#pragma unroll
  for (int first = 0; first < ROWS; first += rows_at_once) {
    if (ROWS % rows_at_once != 0 && first + r >= ROWS) break;
    async_copy<C::vector* static_cast<int>(sizeof(typename C::element))>(
        shared + first * PITCH, from + first * distance, SIZE == PADDED || c < SIZE);
  }
}

template <class C, int KEYS>
__device__ __forceinline__ void attention_copy_keys_of(typename C::element* shared,
                                                       const AttentionRows<C>& rows, int64 first) {
  using Tile = AttentionTile<C>;
  auto* values = shared + C::block_keys * Tile::key_pitch;
  if constexpr (Tile::template copies_even<Tile::depth> &&
                Tile::template copies_even<Tile::width>) {
    if (rows.are_even(first, KEYS)) {
      attention_copy_even<C, KEYS, C::head, Tile::depth, Tile::key_pitch>(
          shared, rows.key_row(first), rows.key_distance(first));
      attention_copy_even<C, KEYS, C::value_head, Tile::width, Tile::value_pitch>(
          values, rows.value_row(first), rows.value_distance(first));
      return;
    }
  }
  const int64 total = rows.a.total();
  attention_copy<C, KEYS, C::head, Tile::depth, Tile::key_pitch>(
      shared, [&](int r) { return first + r < total ? rows.key_row(first + r) : nullptr; });
  attention_copy<C, KEYS, C::value_head, Tile::width, Tile::value_pitch>(
      values, [&](int r) { return first + r < total ? rows.value_row(first + r) : nullptr; });
}

template <class C>
__device__ __forceinline__ void attention_copy_keys(typename C::element* shared,
                                                    const AttentionRows<C>& rows, int64 first) {
  if (AttentionTile<C>::has_tail(rows.a, first))
    attention_copy_keys_of<C, C::tail_keys>(shared, rows, first);
  else
    attention_copy_keys_of<C, C::block_keys>(shared, rows, first);
}

// One warp's part of the queries, 16 rows and two pieces deep.
template <class C>
__device__ __forceinline__ void attention_load_queries(unsigned (&fragment)[4],
                                                       const typename C::element* shared, int row,
                                                       int step) {
  using Tile = AttentionTile<C>;
  load_matrices(fragment, shared + (row + lane_id() % 16) * Tile::query_pitch +
                              (step * 2 + lane_id() / 16) * Tile::piece);
  AttentionMma<typename C::element>::prepare(fragment);
}
