// The first K elements of lanes in an order in which NaN is the largest number, 0 and -0 are equal,
// and of equals the one with the lower index comes first. Keys are unsigned numbers that are the
// smaller the earlier an element comes.

// Of a number of at most 32 bits, the index in the lower half.
struct ShortKey {
  uint64 bits;
  static __device__ __forceinline__ ShortKey of(uint64 rank, uint32 index) {
    return {rank << 32 | index};
  }
  static __device__ __forceinline__ ShortKey last() { return {~uint64(0)}; }
  __device__ __forceinline__ bool before(ShortKey other) const { return bits < other.bits; }
  __device__ __forceinline__ uint32 index() const { return static_cast<uint32>(bits); }
};

struct LongKey {
  uint64 rank, place;
  static __device__ __forceinline__ LongKey of(uint64 rank, uint32 index) { return {rank, index}; }
  static __device__ __forceinline__ LongKey last() { return {~uint64(0), ~uint64(0)}; }
  __device__ __forceinline__ bool before(LongKey other) const {
    return rank < other.rank || (rank == other.rank && place < other.place);
  }
  __device__ __forceinline__ uint32 index() const { return static_cast<uint32>(place); }
};

// The rank of a number, the larger the larger.
__device__ __forceinline__ uint32 rank_of(float x) {
  if (x != x) return 0xffffffffu;
  const uint32 bits = __float_as_uint(x == 0 ? 0.0f : x);
  return bits >> 31 ? ~bits : bits | 0x80000000u;
}
__device__ __forceinline__ uint64 rank_of(double x) {
  if (x != x) return ~uint64(0);
  const uint64 bits = static_cast<uint64>(__double_as_longlong(x == 0 ? 0.0 : x));
  return bits >> 63 ? ~bits : bits | uint64(1) << 63;
}
__device__ __forceinline__ uint64 rank_of(int64 x) {
  return static_cast<uint64>(x) ^ uint64(1) << 63;
}
__device__ __forceinline__ uint64 rank_of(uint64 x) { return x; }
__device__ __forceinline__ uint32 rank_of(int32 x) { return static_cast<uint32>(x) ^ 0x80000000u; }
__device__ __forceinline__ uint32 rank_of(uint32 x) { return x; }
template <class T>
__device__ __forceinline__ uint32 rank_of(T x) {
  return rank_of(static_cast<int32>(x));
}

template <class Key, bool LARGEST, class T>
__device__ __forceinline__ Key key_of(T x, uint32 index) {
  const auto rank = rank_of(x);
  return Key::of(LARGEST ? static_cast<decltype(rank)>(~rank) : rank, index);
}

// Sorts `size` keys, a power of two, by all THREADS of a block; the keys lie in shared memory or in
// memory that no other block touches.
template <int THREADS, class Key, class Index>
__device__ __forceinline__ void sort_keys(Key* keys, Index size) {
  for (Index span = 2; span <= size; span *= 2)
    for (Index step = span / 2; step > 0; step /= 2) {
      __syncthreads();
      for (Index pair = static_cast<Index>(threadIdx.x); pair < size / 2; pair += THREADS) {
        const Index i = 2 * pair - (pair & (step - 1)), j = i + step;
        const Key a = keys[i], b = keys[j];
        if (b.before(a) == ((i & span) == 0)) {
          keys[i] = b;
          keys[j] = a;
        }
      }
    }
  __syncthreads();
}

// Keeps the first SIZE / 2 of key_at(0) ... key_at(length - 1), sorted, in keys[0 .. SIZE / 2).
template <int THREADS, int SIZE, class Key, class Index, class KeyAt>
__device__ __forceinline__ void keep_first(Key* keys, Index length, KeyAt key_at) {
  constexpr int half = SIZE / 2;
  __syncthreads();
  for (int t = static_cast<int>(threadIdx.x); t < half; t += THREADS) keys[t] = Key::last();
  __syncthreads();
  for (Index first = 0; first < length; first += half) {
    const Key worst = keys[half - 1];
    bool any = false;
    for (int t = static_cast<int>(threadIdx.x); t < half; t += THREADS) {
      const Index r = first + t;
      const Key key = r < length ? key_at(r) : Key::last();
      any |= key.before(worst);
      keys[half + t] = key;
    }
    if (__syncthreads_or(any)) sort_keys<THREADS>(keys, SIZE);
  }
}
