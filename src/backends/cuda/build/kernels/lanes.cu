// Folds of lanes by groups of threads. A fold is a struct of
//   value_t                 what is carried; without constructors
//   start()                 of nothing
//   map(x, r)               of element r of the lane, x in its compute type
//   join(a, b)              of two parts, in any order

// The value of the lane whose number differs in the bits `lanes`; any trivial type of whole words.
template <class T>
__device__ __forceinline__ T shuffle_xor(T value, int lanes) {
  static_assert(sizeof(T) % 4 == 0, "whole words");
  unsigned words[sizeof(T) / 4];
  memcpy(words, &value, sizeof(T));
#pragma unroll
  for (int i = 0; i < static_cast<int>(sizeof(T) / 4); ++i)
    words[i] = __shfl_xor_sync(0xffffffffu, words[i], lanes);
  memcpy(&value, words, sizeof(T));
  return value;
}

// Joins the values of groups of GROUP neighbouring threads, a power of two up to 32, or of all
// GROUP threads of the block; every thread of a group gets the same bits. All threads of the block
// have to call. `scratch` in shared memory holds a value for each warp; it may be used again at
// once.
template <class Fold, int GROUP, class T>
__device__ __forceinline__ T join_group(T value, T* scratch) {
#pragma unroll
  for (int offset = (GROUP < 32 ? GROUP : 32) / 2; offset > 0; offset /= 2)
    value = Fold::join(value, shuffle_xor(value, offset));
  if constexpr (GROUP > 32) {
    __syncthreads();
    if (lane_id() == 0) scratch[threadIdx.x / 32] = value;
    __syncthreads();
    value = scratch[0];
#pragma unroll
    for (int i = 1; i < GROUP / 32; ++i) value = Fold::join(value, scratch[i]);
    __syncthreads();
  }
  return value;
}

// The part of thread `place` of GROUP in the fold of from[0 .. length), whose first element counts
// as element `first` of its lane. Packs of PACK elements are read; where EVEN, `from` is aligned to
// them and length is a multiple, else elements before and behind are read one by one.
template <class Fold, int GROUP, int PACK, bool EVEN, class T, class Index>
__device__ __forceinline__ typename Fold::value_t fold_run(const T* from, Index length, Index first,
                                                           int place) {
  typename Fold::value_t parts[PACK];
#pragma unroll
  for (int j = 0; j < PACK; ++j) parts[j] = Fold::start();
  Index begin = 0;
  if constexpr (!EVEN && PACK > 1) {
    const int beyond =
        static_cast<int>(reinterpret_cast<size_t>(from) / sizeof(T) % static_cast<size_t>(PACK));
    begin = beyond == 0 ? 0 : PACK - beyond;
    begin = begin < length ? begin : length;
    for (Index r = place; r < begin; r += GROUP)
      parts[0] = Fold::join(parts[0], Fold::map(to_compute(from[r]), first + r));
  }
  const Index packs = (length - begin) / PACK;
  const Pack<T, PACK>* whole = reinterpret_cast<const Pack<T, PACK>*>(from + begin);
#pragma unroll 4
  for (Index p = place; p < packs; p += GROUP) {
    const Pack<T, PACK> x = whole[p];
#pragma unroll
    for (int j = 0; j < PACK; ++j)
      parts[j] =
          Fold::join(parts[j], Fold::map(to_compute(x.items[j]), first + begin + p * PACK + j));
  }
  if constexpr (!EVEN && PACK > 1)
    for (Index r = begin + packs * PACK + place; r < length; r += GROUP)
      parts[0] = Fold::join(parts[0], Fold::map(to_compute(from[r]), first + r));
#pragma unroll
  for (int j = PACK / 2; j > 0; j /= 2)
#pragma unroll
    for (int i = 0; i < j; ++i) parts[i] = Fold::join(parts[i], parts[i + j]);
  return parts[0];
}
