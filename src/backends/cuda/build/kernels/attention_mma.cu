// Attention on tensor cores, of 16-bit floats or of float32 rounded to TF32; see attention.cu.
// Needs no memory for scores: a block of `block_rows` rows walks along the keys in tiles of
// `block_keys`, which are copied to shared memory one tile ahead, and keeps for each row the
// greatest score, the sum of exponentials and the result so far. A warp has 16 * row_tiles rows of
// its own. Products are summed up in float32, exponentials are float32, probabilities are rounded
// to the element type before they are multiplied with values. C has beside what attention.cu names:
//   block_rows, block_keys, warps    block_rows = 16 * warps * row_tiles; block_keys % 16 = 0
//   keeps_queries                    queries stay in registers
//   splits                           blockIdx.y is the part of the keys that a block has; 1: all
//   tail_keys                        columns of the tile in which all keys end that are computed;
//                                    tail_keys % 16 = 0

// What a warp knows of its rows: thread l has rows l / 4 and l / 4 + 8 of each row tile.
template <class C>
struct AttentionState {
  using Tile = AttentionTile<C>;
  float scores[Tile::row_tiles][Tile::key_tiles][4];
  float results[Tile::row_tiles][Tile::width / 8][4];
  float greatest[Tile::row_tiles][2];  // in exponents of 2 / Tile::factor
  float sums[Tile::row_tiles][2];      // of this thread's columns
  unsigned queries[Tile::row_tiles][C::keeps_queries ? Tile::depth_steps : 1][4];

  // All of a tile, whose first key is `first`. Keys from `all_see` on are out of some rows' sight.
  template <int KEYS>
  __device__ __forceinline__ void take(const AttentionRows<C>& rows,
                                       const typename C::element* shared_queries,
                                       const typename C::element* tile, const float* bias,
                                       int64 first, int64 limit, int64 all_see, int warp_row) {
    multiply_keys<KEYS>(shared_queries, tile, warp_row);
    adjust<KEYS>(rows, bias, first, limit, warp_row);
    if (first + KEYS > all_see) forbid<KEYS>(rows, first, limit, warp_row);
    exponentiate<KEYS>();
    multiply_values<KEYS>(tile + C::block_keys * Tile::key_pitch);
  }

  __device__ __forceinline__ void clear() {
#pragma unroll
    for (int m = 0; m < Tile::row_tiles; ++m) {
#pragma unroll
      for (int n = 0; n < Tile::width / 8; ++n)
#pragma unroll
        for (int e = 0; e < 4; ++e) results[m][n][e] = 0;
      greatest[m][0] = greatest[m][1] = minus_infinity();
      sums[m][0] = sums[m][1] = 0;
    }
  }

  // Here and below KEYS, block_keys or tail_keys, are the columns of a tile that count.
  template <int KEYS>
  __device__ __forceinline__ void multiply_keys(const typename C::element* shared_queries,
                                                const typename C::element* keys, int warp_row) {
    const int lane = lane_id();
#pragma unroll
    for (int m = 0; m < Tile::row_tiles; ++m)
#pragma unroll
      for (int n = 0; n < KEYS / 8; ++n)
#pragma unroll
        for (int e = 0; e < 4; ++e) scores[m][n][e] = 0;
    const auto* from =
        keys + (lane / 16 * 8 + lane % 8) * Tile::key_pitch + lane / 8 % 2 * Tile::piece;
#pragma unroll
    for (int step = 0; step < Tile::depth_steps; ++step) {
      if constexpr (!C::keeps_queries)
#pragma unroll
        for (int m = 0; m < Tile::row_tiles; ++m)
          attention_load_queries<C>(queries[m][0], shared_queries, warp_row + m * 16, step);
#pragma unroll
      for (int n = 0; n < KEYS / 16; ++n) {
        unsigned b[4];
        load_matrices(b, from + n * 16 * Tile::key_pitch + step * 2 * Tile::piece);
        AttentionMma<typename C::element>::prepare(b);
        const unsigned b0[2] = {b[0], b[1]}, b1[2] = {b[2], b[3]};
#pragma unroll
        for (int m = 0; m < Tile::row_tiles; ++m) {
          const auto& a = queries[m][C::keeps_queries ? step : 0];
          AttentionMma<typename C::element>::multiply(scores[m][2 * n], a, b0);
          AttentionMma<typename C::element>::multiply(scores[m][2 * n + 1], a, b1);
        }
      }
    }
  }

  // Scale, softcap and mask. `first`: the tile's first key; `bias`: its mask in shared memory.
  template <int KEYS>
  __device__ __forceinline__ void adjust(const AttentionRows<C>& rows, const float* bias,
                                         int64 first, int64 limit, int warp_row) {
    if constexpr (!Tile::folds_scale) {
      const int lane = lane_id();
#pragma unroll
      for (int m = 0; m < Tile::row_tiles; ++m)
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          const int r = warp_row + m * 16 + half * 8 + lane / 4;
          const typename C::mask_element* mask = nullptr;
          if constexpr (C::has_mask && C::mask_varies)
            if (rows.has(r))
              mask = rows.a.mask_row(rows.b, rows.head_of(r), rows.query_of(r)) + first;
          const int columns = limit - first < KEYS ? static_cast<int>(limit - first) : KEYS;
#pragma unroll
          for (int n = 0; n < KEYS / 8; ++n) {
            const int column = n * 8 + lane % 4 * 2;
            float added[2] = {0, 0};
            if constexpr (Tile::stages_mask) {
              const auto pair = *reinterpret_cast<const Pack<float, 2>*>(bias + column);
              added[0] = pair.items[0];
              added[1] = pair.items[1];
            } else if constexpr (C::has_mask) {
              read_mask(added, mask, column, columns);
            }
#pragma unroll
            for (int e = 0; e < 2; ++e) {
              float& x = scores[m][n][half * 2 + e];
              if constexpr (C::softcap != 0) {
                constexpr float inner = 2 * Tile::unit / C::softcap,
                                outer = C::softcap * Tile::log2_e;
                x = outer - __fdividef(2 * outer, 1.0f + fast_exp2(x * inner));
                x += added[e];
              } else {
                x = fmaf(x, Tile::unit, added[e]);
              }
            }
          }
        }
    }
  }

  static __device__ __forceinline__ void read_mask(float (&added)[2],
                                                   const typename C::mask_element* mask, int column,
                                                   int columns) {
    if (mask == nullptr || column >= columns) return;
    if constexpr (C::mask_pairs) {
      const auto pair = *reinterpret_cast<const Pack<typename C::mask_element, 2>*>(mask + column);
      added[0] = mask_bias(pair.items[0], Tile::log2_e);
      added[1] = mask_bias(pair.items[1], Tile::log2_e);
    } else {
      added[0] = mask_bias(mask[column], Tile::log2_e);
      if (column + 1 < columns) added[1] = mask_bias(mask[column + 1], Tile::log2_e);
    }
  }

  template <int KEYS>
  __device__ __forceinline__ void forbid(const AttentionRows<C>& rows, int64 first, int64 limit,
                                         int warp_row) {
    const int lane = lane_id();
#pragma unroll
    for (int m = 0; m < Tile::row_tiles; ++m)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int64 seen = rows.end_of(warp_row + m * 16 + half * 8 + lane / 4, limit) - first;
        const int end = seen < KEYS ? static_cast<int>(seen > 0 ? seen : 0) : KEYS;
#pragma unroll
        for (int n = 0; n < KEYS / 8; ++n)
#pragma unroll
          for (int e = 0; e < 2; ++e)
            if (n * 8 + lane % 4 * 2 + e >= end) scores[m][n][half * 2 + e] = minus_infinity();
      }
  }

  // Scores to exponentials; results so far are brought to the new greatest scores.
  template <int KEYS>
  __device__ __forceinline__ void exponentiate() {
#pragma unroll
    for (int m = 0; m < Tile::row_tiles; ++m) {
      float keep[2];
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        float top = greatest[m][half];
#pragma unroll
        for (int n = 0; n < KEYS / 8; ++n)
          top = fmaxf(top, fmaxf(scores[m][n][half * 2], scores[m][n][half * 2 + 1]));
        top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, 1));
        top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, 2));
        const float shift = top == minus_infinity() ? 0.0f : top * Tile::factor;
        keep[half] = fast_exp2(fmaf(greatest[m][half], Tile::factor, -shift));
        greatest[m][half] = top;
        float sum[2] = {0, 0};
#pragma unroll
        for (int n = 0; n < KEYS / 8; ++n)
#pragma unroll
          for (int e = 0; e < 2; ++e) {
            float& x = scores[m][n][half * 2 + e];
            x = fast_exp2(fmaf(x, Tile::factor, -shift));
            sum[e] += x;
          }
        sums[m][half] = fmaf(sums[m][half], keep[half], sum[0] + sum[1]);
      }
      // Greatest scores seldom change behind the first tiles.
      if (__any_sync(0xffffffffu, keep[0] != 1.0f || keep[1] != 1.0f)) {
#pragma unroll
        for (int n = 0; n < Tile::width / 8; ++n)
#pragma unroll
          for (int e = 0; e < 4; ++e) results[m][n][e] *= keep[e / 2];
      }
    }
  }

  template <int KEYS>
  __device__ __forceinline__ void multiply_values(const typename C::element* values) {
    if constexpr (sizeof(*values) == 2)
      multiply_short_values<KEYS>(values);
    else
      multiply_floats<KEYS>(values);
  }

  // The layout of a 16 x 16 part of results is that of a left operand.
  template <int KEYS>
  __device__ __forceinline__ void multiply_short_values(const typename C::element* values) {
    using Mma = AttentionMma<typename C::element>;
    const int lane = lane_id();
    const auto* from = values + lane % 16 * Tile::value_pitch + lane / 16 * 8;
#pragma unroll
    for (int step = 0; step < KEYS / 16; ++step) {
      unsigned a[Tile::row_tiles][4];
#pragma unroll
      for (int m = 0; m < Tile::row_tiles; ++m)
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const float* pair = &scores[m][2 * step + i / 2][i % 2 * 2];
          a[m][i] = Mma::pack(pair[0], pair[1]);
        }
#pragma unroll
      for (int n = 0; n < Tile::width / 16; ++n) {
        unsigned b[4];
        load_matrices_transposed(b, from + step * 16 * Tile::value_pitch + n * 16);
        const unsigned b0[2] = {b[0], b[1]}, b1[2] = {b[2], b[3]};
#pragma unroll
        for (int m = 0; m < Tile::row_tiles; ++m) {
          Mma::multiply(results[m][2 * n], a[m], b0);
          Mma::multiply(results[m][2 * n + 1], a[m], b1);
        }
      }
    }
  }

  // Columns 2t and 2t + 1 of results count as places t and t + 4 of a sum, so that they are a left
  // operand as they are; rows of values are taken in the same order.
  template <int KEYS>
  __device__ __forceinline__ void multiply_floats(const float* values) {
    const int lane = lane_id();
    const float* from = values + lane % 4 * 2 * Tile::value_pitch + lane / 4;
#pragma unroll
    for (int step = 0; step < KEYS / 8; ++step) {
      unsigned a[Tile::row_tiles][4];
#pragma unroll
      for (int m = 0; m < Tile::row_tiles; ++m)
#pragma unroll
        for (int i = 0; i < 4; ++i) a[m][i] = float_to_tf32(scores[m][step][i % 2 * 2 + i / 2]);
#pragma unroll
      for (int n = 0; n < Tile::width / 8; ++n) {
        const float* pair = from + step * 8 * Tile::value_pitch + n * 8;
        const unsigned b[2] = {float_to_tf32(pair[0]), float_to_tf32(pair[Tile::value_pitch])};
#pragma unroll
        for (int m = 0; m < Tile::row_tiles; ++m) mma_tf32(results[m][n], a[m], b);
      }
    }
  }
};

// A row without keys in sight is 0 / 0, one of no keys at all is 0.
template <class C>
__device__ __forceinline__ void attention_store(AttentionState<C>& state,
                                                const AttentionRows<C>& rows,
                                                typename C::element* shared, int warp_row) {
  using Tile = AttentionTile<C>;
  using T = typename C::element;
  using Pair = decltype(AttentionMma<T>::pack(0, 0));
  const int lane = lane_id();
  __syncwarp();  // the warp's queries have been read
#pragma unroll
  for (int m = 0; m < Tile::row_tiles; ++m)
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const float by = rows.a.total() == 0 ? 0.0f : 1.0f / state.sums[m][half];
      T* to = shared + (warp_row + m * 16 + half * 8 + lane / 4) * Tile::query_pitch;
#pragma unroll
      for (int n = 0; n < Tile::width / 8; ++n)
        *reinterpret_cast<Pair*>(to + n * 8 + lane % 4 * 2) = AttentionMma<T>::pack(
            state.results[m][n][half * 2] * by, state.results[m][n][half * 2 + 1] * by);
    }
  __syncwarp();
  constexpr int pieces = C::value_head / C::vector;
  for (int u = lane; u < Tile::row_tiles * 16 * pieces; u += 32) {
    const int r = warp_row + u / pieces, c = u % pieces * C::vector;
    if (!rows.has(r)) break;
    using Piece = Pack<T, C::vector>;
    *reinterpret_cast<Piece*>(rows.a.y + rows.a.y_at.at(rows.b, rows.head_of(r), rows.query_of(r)) +
                              c) =
        *reinterpret_cast<const Piece*>(shared + r * Tile::query_pitch + c);
  }
}

// For each row of [batch, heads, queries] and each part of the keys: the greatest exponent, the
// sum, and `width` results that are not divided by it yet.
template <class C>
__device__ __forceinline__ void attention_store_part(AttentionState<C>& state,
                                                     const AttentionRows<C>& rows, int warp_row) {
  using Tile = AttentionTile<C>;
  const int lane = lane_id();
#pragma unroll
  for (int m = 0; m < Tile::row_tiles; ++m)
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int r = warp_row + m * 16 + half * 8 + lane / 4;
      if (!rows.has(r)) continue;
      const int64 row =
          (rows.b * rows.a.heads + rows.head_of(r)) * rows.a.queries + rows.query_of(r);
      float* to = rows.a.partial + (row * C::splits + blockIdx.y) * (Tile::width + 4);
      if (lane % 4 == 0) {
        to[0] = state.greatest[m][half] * Tile::factor;
        to[1] = state.sums[m][half];
      }
#pragma unroll
      for (int n = 0; n < Tile::width / 8; ++n)
        *reinterpret_cast<Pack<float, 2>*>(to + 4 + n * 8 + lane % 4 * 2) = {
            {state.results[m][n][half * 2], state.results[m][n][half * 2 + 1]}};
    }
}

// The part of the keys that a block walks along, in tiles.
struct AttentionSpan {
  int64 first, count;
};

template <class C>
__device__ __forceinline__ AttentionSpan attention_span(int64 end) {
  const int64 tiles = (end + C::block_keys - 1) / C::block_keys;
  if constexpr (C::splits == 1) return {0, tiles};
  const int64 each = (tiles + C::splits - 1) / C::splits, first = blockIdx.y * each;
  return {first, first >= tiles ? 0 : (tiles - first < each ? tiles - first : each)};
}

template <class C>
__device__ __forceinline__ void attention_mma(const AttentionOperands<C>& a) {
  using Tile = AttentionTile<C>;
  using T = typename C::element;
  T* queries = reinterpret_cast<T*>(dynamic_shared_memory);
  T* tiles = queries + Tile::query_elements;
  float* biases = reinterpret_cast<float*>(tiles + 2 * Tile::tile_elements);  // of two tiles
  const int thread = static_cast<int>(threadIdx.x);
  const int warp_row = thread / 32 * 16 * Tile::row_tiles;
  const AttentionRows<C> rows = attention_rows<C, C::block_rows>(a);
  const int64 limit = rows.limit();
  const int64 all_see = rows.first_end(limit);
  const AttentionSpan span = attention_span<C>(rows.template last_end<C::block_rows>(limit));
  // A mask that is the same for all rows is added from shared memory.
  float bias[Tile::biases];
  const auto read_bias = [&](int64 tile) {
#pragma unroll
    for (int n = 0; n < Tile::biases; ++n) {
      const int64 j = tile * C::block_keys + n * Tile::threads + thread;
      bias[n] = j < limit ? mask_bias(a.mask_row(rows.b, rows.head_of(0), 0)[j], Tile::log2_e)
                          : minus_infinity();
    }
  };
  const auto write_bias = [&](float* to) {
#pragma unroll
    for (int n = 0; n < Tile::biases; ++n)
      if (n * Tile::threads + thread < C::block_keys) to[n * Tile::threads + thread] = bias[n];
  };

  AttentionState<C> state;
  state.clear();
  attention_copy<C, C::block_rows, C::head, Tile::depth, Tile::query_pitch>(
      queries, [&](int r) { return rows.has(r) ? rows.query_row(r) : nullptr; });
  if (span.count > 0) attention_copy_keys(tiles, rows, span.first * C::block_keys);
  async_commit();
  if constexpr (Tile::stages_mask) {
    read_bias(span.first);
    write_bias(biases);
  }
  for (int64 i = 0; i < span.count; ++i) {
    const int64 first = (span.first + i) * C::block_keys;
    const T* keys = tiles + (i & 1) * Tile::tile_elements;
    async_wait<0>();
    __syncthreads();
    if (i + 1 < span.count)
      attention_copy_keys(tiles + ((i + 1) & 1) * Tile::tile_elements, rows, first + C::block_keys);
    async_commit();
    if constexpr (Tile::stages_mask) read_bias(span.first + i + 1);
    if constexpr (C::keeps_queries) {
      if (i == 0)
#pragma unroll
        for (int m = 0; m < Tile::row_tiles; ++m)
#pragma unroll
          for (int step = 0; step < Tile::depth_steps; ++step)
            attention_load_queries<C>(state.queries[m][step], queries, warp_row + m * 16, step);
    }
    const float* tile_bias = biases + (i & 1) * C::block_keys;
    if (Tile::has_tail(a, first))
      state.template take<C::tail_keys>(rows, queries, keys, tile_bias, first, limit, all_see,
                                        warp_row);
    else
      state.template take<C::block_keys>(rows, queries, keys, tile_bias, first, limit, all_see,
                                         warp_row);
    if constexpr (Tile::stages_mask) write_bias(biases + ((i + 1) & 1) * C::block_keys);
  }
#pragma unroll
  for (int m = 0; m < Tile::row_tiles; ++m)
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float& sum = state.sums[m][half];
      sum += __shfl_xor_sync(0xffffffffu, sum, 1);
      sum += __shfl_xor_sync(0xffffffffu, sum, 2);
    }
  if constexpr (C::splits > 1) {
    attention_store_part(state, rows, warp_row);
  } else {
    if (span.count == 0) {  // the copies of queries have not been awaited
      async_wait<0>();
      __syncthreads();
    }
    attention_store(state, rows, queries, warp_row);
  }
}
