// Attention in float32 or float64 without tensor cores; see attention.cu. A block of 256 threads,
// 16 x 16, has `block_rows` rows and walks along the keys in tiles of `block_keys` (both multiples
// of 16); thread (y, x) has rows y, y + 16, ... and of their scores columns x, x + 16, ..., of
// their results columns 4x to 4x + 3 of every 64. 16-bit types are computed in float32. C has
// beside what attention.cu names:
//   block_rows, block_keys
//   shown    the stage of the scores that `shown` gets: 0 products, 1 capped, 2 masked, 3
//            probabilities; -1: none

template <class C>
struct AttentionExactTile {
  using real = decltype(to_compute(typename C::element()));
  // Rows in shared memory are an odd number of four elements.
  static constexpr int key_pitch = (C::head + 7) / 8 * 8 + 4;
  static constexpr int value_pitch = (C::value_head + 7) / 8 * 8 + 4;
  static constexpr int pitch = key_pitch > value_pitch ? key_pitch : value_pitch;
  static constexpr int weight_pitch = C::block_keys + 4;
  static constexpr int rows = C::block_rows / 16, columns = C::block_keys / 16;
  static constexpr int groups = (C::value_head + 63) / 64;
};

__device__ __forceinline__ float attention_exp(float x) { return expf(x); }
__device__ __forceinline__ double attention_exp(double x) { return exp(x); }
__device__ __forceinline__ float attention_tanh(float x) { return tanhf(x); }
__device__ __forceinline__ double attention_tanh(double x) { return tanh(x); }
__device__ __forceinline__ float attention_max(float a, float b) { return fmaxf(a, b); }
__device__ __forceinline__ double attention_max(double a, double b) { return fmax(a, b); }

// The combination of what the 16 threads of a row of threads have.
template <class T, class Combine>
__device__ __forceinline__ T across_columns(T value, Combine combine) {
#pragma unroll
  for (int offset = 8; offset > 0; offset /= 2)
    value = combine(value, __shfl_xor_sync(0xffffffffu, value, offset));
  return value;
}

template <class C>
struct AttentionExact {
  using T = typename C::element;
  using Tile = AttentionExactTile<C>;
  using real = typename Tile::real;
  using Four = Pack<real, 4>;

  const AttentionOperands<C>& a;
  const AttentionRows<C> at;
  const int64 limit;
  real *queries, *keys, *weights;  // shared memory
  real scores[Tile::rows][Tile::columns];
  real results[Tile::rows][Tile::groups][4];
  real greatest[Tile::rows], sums[Tile::rows];

  __device__ __forceinline__ explicit AttentionExact(const AttentionOperands<C>& operands)
      : a(operands), at(attention_rows<C, C::block_rows>(operands)), limit(at.limit()) {
    queries = reinterpret_cast<real*>(dynamic_shared_memory);
    keys = queries + C::block_rows * Tile::key_pitch;
    weights = keys + C::block_keys * Tile::pitch;
#pragma unroll
    for (int i = 0; i < Tile::rows; ++i) {
      greatest[i] = minus_infinity();
      sums[i] = 0;
#pragma unroll
      for (int g = 0; g < Tile::groups; ++g)
#pragma unroll
        for (int e = 0; e < 4; ++e) results[i][g][e] = 0;
    }
  }

  static __device__ __forceinline__ int row() { return static_cast<int>(threadIdx.x) / 16; }
  static __device__ __forceinline__ int column() { return static_cast<int>(threadIdx.x) % 16; }

  // Rows of SIZE elements, zeros up to PITCH.
  template <int ROWS, int SIZE, int PITCH, class RowOf>
  static __device__ __forceinline__ void copy(real* to, RowOf row_of) {
    constexpr int pieces = PITCH / 4;
    for (int u = static_cast<int>(threadIdx.x); u < ROWS * pieces; u += 256) {
      const int r = u / pieces, c = u % pieces * 4;
      const T* from = row_of(r);
      Four four;
#pragma unroll
      for (int e = 0; e < 4; ++e) four.items[e] = 0;
      if (from != nullptr) {
        constexpr int wide = sizeof(T) == 8 ? 2 : 4;
        if constexpr (C::vector >= wide) {
#pragma unroll
          for (int e = 0; e < 4; e += wide) {
            if (c + e >= SIZE) continue;
            const auto read = *reinterpret_cast<const Pack<T, wide>*>(from + c + e);
#pragma unroll
            for (int w = 0; w < wide; ++w) four.items[e + w] = to_compute(read.items[w]);
          }
        } else {
#pragma unroll
          for (int e = 0; e < 4; ++e)
            if (c + e < SIZE) four.items[e] = to_compute(from[c + e]);
        }
      }
      *reinterpret_cast<Four*>(to + r * PITCH + c) = four;
    }
  }

  __device__ __forceinline__ void copy_keys(int64 first) {
    copy<C::block_keys, C::head, Tile::key_pitch>(
        keys, [&](int r) { return first + r < a.total() ? at.key_row(first + r) : nullptr; });
  }
  __device__ __forceinline__ void copy_values(int64 first) {
    copy<C::block_keys, C::value_head, Tile::value_pitch>(
        keys, [&](int r) { return first + r < a.total() ? at.value_row(first + r) : nullptr; });
  }

  __device__ __forceinline__ void multiply_keys() {
#pragma unroll
    for (int i = 0; i < Tile::rows; ++i)
#pragma unroll
      for (int j = 0; j < Tile::columns; ++j) scores[i][j] = 0;
    for (int d = 0; d < C::head; d += 4) {
      Four q[Tile::rows], k[Tile::columns];
#pragma unroll
      for (int i = 0; i < Tile::rows; ++i)
        q[i] = *reinterpret_cast<const Four*>(queries + (row() + 16 * i) * Tile::key_pitch + d);
#pragma unroll
      for (int j = 0; j < Tile::columns; ++j)
        k[j] = *reinterpret_cast<const Four*>(keys + (column() + 16 * j) * Tile::key_pitch + d);
#pragma unroll
      for (int e = 0; e < 4; ++e)
#pragma unroll
        for (int i = 0; i < Tile::rows; ++i)
#pragma unroll
          for (int j = 0; j < Tile::columns; ++j) scores[i][j] += q[i].items[e] * k[j].items[e];
    }
  }

  __device__ __forceinline__ void show(int r, int64 key, real value) {
    if (!at.has(r) || key >= a.total()) return;
    const int64 line = (at.b * a.heads + at.head_of(r)) * a.queries + at.query_of(r);
    a.shown[line * a.total() + key] = from_compute<T>(value);
  }

  // Products to what the softmax takes.
  __device__ __forceinline__ void adjust(int64 first, bool shows) {
#pragma unroll
    for (int i = 0; i < Tile::rows; ++i) {
      const int r = row() + 16 * i;
      const bool valid = at.has(r);
      const int64 end = valid ? at.end_of(r, limit) : 0;
      const typename C::mask_element* mask = nullptr;
      if constexpr (C::has_mask)
        if (valid) mask = a.mask_row(at.b, at.head_of(r), at.query_of(r));
#pragma unroll
      for (int j = 0; j < Tile::columns; ++j) {
        const int64 key = first + column() + 16 * j;
        real x = scores[i][j] * static_cast<real>(C::scale);
        if (C::shown == 0 && shows) show(r, key, x);
        if constexpr (C::softcap != 0) {
          constexpr real cap = static_cast<real>(C::softcap);
          x = cap * attention_tanh(x / cap);
        }
        if (C::shown == 1 && shows) show(r, key, x);
        if constexpr (C::has_mask)
          if (key < end) x += added(mask[key]);
        if (key >= end) x = minus_infinity();
        if (C::shown == 2 && shows) show(r, key, x);
        scores[i][j] = x;
      }
    }
  }

  static __device__ __forceinline__ real added(bool allowed) {
    return allowed ? real(0) : real(minus_infinity());
  }
  template <class M>
  static __device__ __forceinline__ real added(M value) {
    return static_cast<real>(to_compute(value));
  }

  // Scores to exponentials, which go to shared memory.
  __device__ __forceinline__ void exponentiate() {
#pragma unroll
    for (int i = 0; i < Tile::rows; ++i) {
      real top = greatest[i];
#pragma unroll
      for (int j = 0; j < Tile::columns; ++j) top = attention_max(top, scores[i][j]);
      top = across_columns(top, [](real x, real y) { return attention_max(x, y); });
      const real shift = top == minus_infinity() ? real(0) : top;
      const real keep = attention_exp(greatest[i] - shift);
      greatest[i] = top;
      real sum = 0;
#pragma unroll
      for (int j = 0; j < Tile::columns; ++j) {
        const real x = attention_exp(scores[i][j] - shift);
        weights[(row() + 16 * i) * Tile::weight_pitch + column() + 16 * j] = x;
        sum += x;
      }
      sums[i] = sums[i] * keep + sum;
#pragma unroll
      for (int g = 0; g < Tile::groups; ++g)
#pragma unroll
        for (int e = 0; e < 4; ++e) results[i][g][e] *= keep;
    }
  }

  __device__ __forceinline__ void multiply_values() {
    for (int j = 0; j < C::block_keys; j += 4) {
      Four p[Tile::rows];
#pragma unroll
      for (int i = 0; i < Tile::rows; ++i)
        p[i] = *reinterpret_cast<const Four*>(weights + (row() + 16 * i) * Tile::weight_pitch + j);
#pragma unroll
      for (int g = 0; g < Tile::groups; ++g) {
        const int c = g * 64 + column() * 4;
        if (c >= C::value_head) continue;
#pragma unroll
        for (int k = 0; k < 4; ++k) {
          const Four v = *reinterpret_cast<const Four*>(keys + (j + k) * Tile::value_pitch + c);
#pragma unroll
          for (int i = 0; i < Tile::rows; ++i)
#pragma unroll
            for (int e = 0; e < 4; ++e) results[i][g][e] += p[i].items[k] * v.items[e];
        }
      }
    }
  }

  __device__ __forceinline__ void store() {
#pragma unroll
    for (int i = 0; i < Tile::rows; ++i) {
      const int r = row() + 16 * i;
      if (!at.has(r)) continue;
      T* to = a.y + a.y_at.at(at.b, at.head_of(r), at.query_of(r));
      const real by = a.total() == 0 ? real(0) : real(1) / sums[i];
#pragma unroll
      for (int g = 0; g < Tile::groups; ++g)
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          const int c = g * 64 + column() * 4 + e;
          if (c < C::value_head) to[c] = from_compute<T>(results[i][g][e] * by);
        }
    }
  }

  // What has been summed up says how scores become probabilities.
  __device__ __forceinline__ void show_probabilities() {
    for (int64 first = 0; first < a.total(); first += C::block_keys) {
      __syncthreads();
      copy_keys(first);
      __syncthreads();
      multiply_keys();
      adjust(first, false);
#pragma unroll
      for (int i = 0; i < Tile::rows; ++i)
#pragma unroll
        for (int j = 0; j < Tile::columns; ++j)
          show(row() + 16 * i, first + column() + 16 * j,
               attention_exp(scores[i][j] -
                             (greatest[i] == minus_infinity() ? real(0) : greatest[i])) /
                   sums[i]);
    }
  }

  __device__ __forceinline__ void run() {
    copy<C::block_rows, C::head, Tile::key_pitch>(
        queries, [&](int r) { return at.has(r) ? at.query_row(r) : nullptr; });
    const int64 end = C::shown >= 0 ? a.total() : at.template last_end<C::block_rows>(limit);
    for (int64 first = 0; first < end; first += C::block_keys) {
      __syncthreads();
      copy_keys(first);
      __syncthreads();
      multiply_keys();
      adjust(first, true);
      exponentiate();
      __syncthreads();
      copy_values(first);
      __syncthreads();
      multiply_values();
    }
#pragma unroll
    for (int i = 0; i < Tile::rows; ++i)
      sums[i] = across_columns(sums[i], [](real x, real y) { return x + y; });
    store();
    if constexpr (C::shown == 3) show_probabilities();
  }
};

template <class C>
__device__ __forceinline__ void attention_exact(const AttentionOperands<C>& a) {
  AttentionExact<C> attention(a);
  attention.run();
}
