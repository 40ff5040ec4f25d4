// A tile of a transposition through shared memory, by all THREADS of a block:
//   to[b * to_b + a] = from[a * from_a + b]   for a < A_TILE, a < valid_a, b < B_TILE, b < valid_b.
// `from` and `to` don't overlap. FROM_PACK elements are read at once along b, TO_PACK written along
// a; the addresses of packs are multiples of their size, and a pack is valid as a whole. A pack may
// go on in the next row: then B_TILE == from_a (or A_TILE == to_b), so that rows follow one
// another in memory. Rows in shared memory are longer by 4 bytes, or by one element, so that
// columns lie in different banks.
template <class T, class Index, int A_TILE, int B_TILE, int THREADS, int FROM_PACK, int TO_PACK>
__device__ __forceinline__ void transpose_tile(const T* from, Index from_a, T* to, Index to_b,
                                               Index valid_a, Index valid_b) {
  constexpr int pitch = B_TILE + (sizeof(T) < 4 ? 4 / static_cast<int>(sizeof(T)) : 1);
  constexpr int elements = A_TILE * B_TILE;
  __shared__ T tile[A_TILE * pitch];
  constexpr int reads = (elements / FROM_PACK + THREADS - 1) / THREADS;
  Pack<T, FROM_PACK> packs[reads];
#pragma unroll
  for (int k = 0; k < reads; ++k) {
    const int e = (k * THREADS + static_cast<int>(threadIdx.x)) * FROM_PACK;
    const int a = e / B_TILE, b = e % B_TILE;
    if (e < elements && a < valid_a && b < valid_b)
      packs[k] = *reinterpret_cast<const Pack<T, FROM_PACK>*>(from + a * from_a + b);
  }
#pragma unroll
  for (int k = 0; k < reads; ++k) {
    const int e = (k * THREADS + static_cast<int>(threadIdx.x)) * FROM_PACK;
    if (e >= elements) break;
#pragma unroll
    for (int j = 0; j < FROM_PACK; ++j)
      tile[(e + j) / B_TILE * pitch + (e + j) % B_TILE] = packs[k].items[j];
  }
  __syncthreads();
  constexpr int writes = (elements / TO_PACK + THREADS - 1) / THREADS;
#pragma unroll
  for (int k = 0; k < writes; ++k) {
    const int e = (k * THREADS + static_cast<int>(threadIdx.x)) * TO_PACK;
    const int b = e / A_TILE, a = e % A_TILE;
    if (e >= elements || a >= valid_a || b >= valid_b) continue;
    Pack<T, TO_PACK> pack;
#pragma unroll
    for (int j = 0; j < TO_PACK; ++j)
      pack.items[j] = tile[(e + j) % A_TILE * pitch + (e + j) / A_TILE];
    *reinterpret_cast<Pack<T, TO_PACK>*>(to + b * to_b + a) = pack;
  }
}
