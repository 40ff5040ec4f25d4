// What kernels of attention share. Scores are x = scale * (q . k), then softcap * tanh(x /
// softcap), then the mask is added, then keys out of sight are forbidden; y = softmax(x) v. Key j
// is in sight of query i where j < limit and, if causal, j <= past + i. Keys and values before
// `past` come from tensors of their own.
//
// C (what the step fixes):
//   element, mask_element, length_element  types in memory
//   head, value_head                       elements of a row of q and k, of v and y
//   vector                                 elements that are copied at once; divides both
//   scale, softcap                         0: no softcap
//   causal, has_past, has_mask, has_lengths
//   mask_varies                            the mask may differ from row to row of a block
//   mask_pairs                             rows of the mask begin at even offsets and end at such
//   grouped                                a block has the queries of all heads of a key head

__device__ __forceinline__ float minus_infinity() { return __uint_as_float(0xff800000u); }

// Element [b, h, i, d] of an operand lies at b * batch + h * head + i * row + d.
struct AttentionStrides {
  int64 batch, head, row;

  __device__ __forceinline__ int64 at(int64 b, int64 h, int64 i) const {
    return b * batch + h * head + i * row;
  }
};

// No result is the memory of an operand. Rows of q, k, v, past and y are multiples of `vector`
// elements from their tensor's beginning.
template <class C>
struct AttentionOperands {
  using T = typename C::element;
  const T* q;
  const T* k;
  const T* v;
  const T* past_k;  // [batch, key_heads, past, head]
  const T* past_v;
  const typename C::mask_element* mask;
  const typename C::length_element* lengths;  // [batch]
  T* y;
  T* shown;        // [batch, heads, queries, past + keys]: a stage of the scores, or nullptr
  float* partial;  // results of parts of the keys, see attention_combine.cu
  AttentionStrides q_at, k_at, v_at, y_at;
  int64 batch, heads, key_heads, queries, keys, past;
  int64 mask_batches, mask_heads, mask_queries, mask_length;

  __device__ __forceinline__ int64 total() const { return past + keys; }
  __device__ __forceinline__ int64 group() const { return heads / key_heads; }
  // Rows that share a row of blocks.
  __device__ __forceinline__ int64 rows() const { return C::grouped ? group() * queries : queries; }
  __device__ __forceinline__ int64 row_heads() const { return C::grouped ? key_heads : heads; }

  // A mask of size 1 repeats.
  __device__ __forceinline__ const typename C::mask_element* mask_row(int64 b, int64 h,
                                                                      int64 i) const {
    const int64 mb = b < mask_batches ? b : mask_batches - 1;
    const int64 mh = h < mask_heads ? h : mask_heads - 1;
    const int64 mi = i < mask_queries ? i : mask_queries - 1;
    return mask + ((mb * mask_heads + mh) * mask_queries + mi) * mask_length;
  }
};

// Which rows a block has: those from `first` on, of one head (or of all heads of a key head).
template <class C>
struct AttentionRows {
  const AttentionOperands<C>& a;
  int64 b, head, first;

  __device__ __forceinline__ bool has(int r) const { return first + r < a.rows(); }
  __device__ __forceinline__ int64 head_of(int r) const {
    return C::grouped ? head * a.group() + (first + r) / a.queries : head;
  }
  __device__ __forceinline__ int64 query_of(int r) const {
    return C::grouped ? (first + r) % a.queries : first + r;
  }
  __device__ __forceinline__ int64 key_head() const { return C::grouped ? head : head / a.group(); }

  // Behind the last key that any of ROWS rows sees.
  template <int ROWS>
  __device__ __forceinline__ int64 last_end(int64 limit) const {
    if constexpr (!C::causal) return limit;
    const int64 last =
        C::grouped ? a.queries : (first + ROWS < a.queries ? first + ROWS : a.queries);
    return a.past + last < limit ? a.past + last : limit;
  }
  // Behind the last key that all of them see.
  __device__ __forceinline__ int64 first_end(int64 limit) const {
    if constexpr (!C::causal) return limit;
    const int64 end = a.past + (C::grouped ? 0 : first) + 1;
    return end < limit ? end : limit;
  }
  __device__ __forceinline__ int64 end_of(int r, int64 limit) const {
    if constexpr (!C::causal) return limit;
    const int64 end = a.past + query_of(r) + 1;
    return end < limit ? end : limit;
  }
  // Keys from here on are in sight of no query.
  __device__ __forceinline__ int64 limit() const {
    int64 end = a.total();
    if constexpr (C::has_mask) end = a.mask_length < end ? a.mask_length : end;
    if constexpr (C::has_lengths) {
      const int64 length = static_cast<int64>(a.lengths[b]);
      end = length < end ? (length > 0 ? length : 0) : end;
    }
    return end;
  }

  __device__ __forceinline__ const typename C::element* query_row(int r) const {
    return a.q + a.q_at.at(b, head_of(r), query_of(r));
  }
  __device__ __forceinline__ const typename C::element* key_row(int64 j) const {
    if (C::has_past && j < a.past) return past_row(a.past_k, C::head, j);
    return a.k + a.k_at.at(b, key_head(), j - a.past);
  }
  __device__ __forceinline__ const typename C::element* value_row(int64 j) const {
    if (C::has_past && j < a.past) return past_row(a.past_v, C::value_head, j);
    return a.v + a.v_at.at(b, key_head(), j - a.past);
  }
  __device__ __forceinline__ const typename C::element* past_row(const typename C::element* past,
                                                                 int size, int64 j) const {
    return past + ((b * a.key_heads + key_head()) * a.past + j) * size;
  }
  // Whether the rows of keys and values from `first` on lie evenly apart.
  __device__ __forceinline__ bool are_even(int64 first, int count) const {
    if (C::has_past && first < a.past) return first + count <= a.past;
    return first + count <= a.total();
  }
  __device__ __forceinline__ int64 key_distance(int64 j) const {
    return C::has_past && j < a.past ? C::head : a.k_at.row;
  }
  __device__ __forceinline__ int64 value_distance(int64 j) const {
    return C::has_past && j < a.past ? C::value_head : a.v_at.row;
  }
};

// The rows of this block: blockIdx.x counts tiles of ROWS rows and heads. Long rows of causal
// attention come first, so that the last blocks to run are short ones.
template <class C, int ROWS>
__device__ __forceinline__ AttentionRows<C> attention_rows(const AttentionOperands<C>& a) {
  const int64 tiles = (a.rows() + ROWS - 1) / ROWS, heads = a.batch * a.row_heads();
  const int64 block = blockIdx.x;
  const int64 tile = C::causal ? tiles - 1 - block / heads : block % tiles;
  const int64 place = C::causal ? block % heads : block / tiles;
  return {a, place / a.row_heads(), place % a.row_heads(), tile * ROWS};
}

// A number of the mask as it is added; `unit`: what scores are counted in. What is finite stays so:
// rows of nothing but the lowest number are averages.
template <class M>
__device__ __forceinline__ float mask_bias(M value, float unit) {
  constexpr float lowest = -3.4028234663852886e38f;
  const float number = static_cast<float>(to_compute(value));
  const float bias = number * unit;
  return bias < lowest && number >= lowest ? lowest : bias;
}
template <>
__device__ __forceinline__ float mask_bias<bool>(bool value, float) {
  return value ? 0.0f : minus_infinity();
}
