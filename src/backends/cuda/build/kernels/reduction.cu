// Reductions. Lanes are cut into CHUNKS parts of equal length, the last of which may be shorter;
// result(lane * CHUNKS + chunk, value) takes the value of each.

// Lanes that lie one behind the other: a group of GROUP threads folds each chunk.
template <class Fold, int THREADS, int GROUP, int PACK, bool EVEN, int CHUNKS, class T, class Index,
          class Result>
__device__ __forceinline__ void reduce_runs(const T* from, Index count, Index length,
                                            typename Fold::value_t* scratch, Result result) {
  constexpr int groups = THREADS / GROUP;
  const int place = static_cast<int>(threadIdx.x) % GROUP;
  const Index part = ((length + CHUNKS - 1) / CHUNKS + PACK - 1) / PACK * PACK;
  const Index items = count * CHUNKS;
  for (Index first = static_cast<Index>(blockIdx.x) * groups; first < items;
       first += static_cast<Index>(gridDim.x) * groups) {
    const Index item = first + static_cast<Index>(threadIdx.x) / GROUP;
    typename Fold::value_t value = Fold::start();
    if (item < items) {
      const Index begin = CHUNKS == 1 ? 0 : item % CHUNKS * part;
      Index size = CHUNKS == 1 ? length : (length - begin < part ? length - begin : part);
      if (size > 0)
        value = fold_run<Fold, GROUP, PACK, EVEN>(from + item / CHUNKS * length + begin, size,
                                                  begin, place);
    }
    value = join_group<Fold, GROUP>(value, scratch);
    if (item < items && place == 0) result(item, value);
  }
}

// Columns: element r of the lane (o, i) lies at (o * length + r) * inner + i. WIDTH threads lie
// side by side along `inner`, each with a pack; the others of the block take other elements of the
// lanes. Packs are single elements where inner is no multiple of PACK. `scratch` holds THREADS *
// PACK values.
template <class Fold, int THREADS, int WIDTH, int PACK, int CHUNKS, class T, class Index,
          class Result>
__device__ __forceinline__ void reduce_columns(const T* from, Index outer, Index length,
                                               Index inner, typename Fold::value_t* scratch,
                                               Result result) {
  constexpr int rows = THREADS / WIDTH;
  const int x = static_cast<int>(threadIdx.x) % WIDTH, y = static_cast<int>(threadIdx.x) / WIDTH;
  const Index part = (length + CHUNKS - 1) / CHUNKS;
  const Index across = (inner + WIDTH * PACK - 1) / (WIDTH * PACK);
  for (Index tile = blockIdx.x; tile < outer * across * CHUNKS; tile += gridDim.x) {
    const Index chunk = tile % CHUNKS;
    const Index o = tile / CHUNKS / across;
    const Index i = (tile / CHUNKS % across * WIDTH + x) * PACK;
    const Index end = (chunk + 1) * part < length ? (chunk + 1) * part : length;
    typename Fold::value_t parts[PACK];
#pragma unroll
    for (int j = 0; j < PACK; ++j) parts[j] = Fold::start();
    if (i < inner) {
#pragma unroll 4
      for (Index r = chunk * part + y; r < end; r += rows) {
        const Pack<T, PACK> pack =
            *reinterpret_cast<const Pack<T, PACK>*>(from + (o * length + r) * inner + i);
#pragma unroll
        for (int j = 0; j < PACK; ++j)
          parts[j] = Fold::join(parts[j], Fold::map(to_compute(pack.items[j]), r));
      }
    }
#pragma unroll
    for (int j = 0; j < PACK; ++j) scratch[(y * PACK + j) * WIDTH + x] = parts[j];
    __syncthreads();
    for (int column = static_cast<int>(threadIdx.x); column < WIDTH * PACK; column += THREADS) {
      typename Fold::value_t value = scratch[column];
      for (int k = 1; k < rows; ++k) value = Fold::join(value, scratch[k * PACK * WIDTH + column]);
      const Index at = i - x * PACK + column % WIDTH * PACK + column / WIDTH;
      if (at < inner) result((o * inner + at) * CHUNKS + chunk, value);
    }
    __syncthreads();
  }
}

// Lanes whose elements lie anywhere: a group of GROUP threads folds each.
template <class Fold, int THREADS, int GROUP, class T, class Index, class Lane, class Element,
          class Result>
__device__ __forceinline__ void reduce_gathered(const T* from, Index count, Index length,
                                                Lane lane_offset, Element element_offset,
                                                typename Fold::value_t* scratch, Result result) {
  constexpr int groups = THREADS / GROUP;
  const int place = static_cast<int>(threadIdx.x) % GROUP;
  for (Index first = static_cast<Index>(blockIdx.x) * groups; first < count;
       first += static_cast<Index>(gridDim.x) * groups) {
    const Index item = first + static_cast<Index>(threadIdx.x) / GROUP;
    typename Fold::value_t value = Fold::start();
    if (item < count) {
      const T* lane = from + lane_offset(item);
      for (Index r = place; r < length; r += GROUP)
        value = Fold::join(value, Fold::map(to_compute(lane[element_offset(r)]), r));
    }
    value = join_group<Fold, GROUP>(value, scratch);
    if (item < count && place == 0) result(item, value);
  }
}

// Joins the CHUNKS values of each lane, a warp for each.
template <class Fold, int THREADS, int CHUNKS, class Index, class Result>
__device__ __forceinline__ void join_chunks(const typename Fold::value_t* parts, Index count,
                                            Result result) {
  constexpr int warps = THREADS / 32;
  for (Index lane = static_cast<Index>(blockIdx.x) * warps + static_cast<Index>(threadIdx.x) / 32;
       lane < count; lane += static_cast<Index>(gridDim.x) * warps) {
    typename Fold::value_t value = Fold::start();
    for (int c = lane_id(); c < CHUNKS; c += 32)
      value = Fold::join(value, parts[lane * CHUNKS + c]);
    value = join_group<Fold, 32>(value, static_cast<typename Fold::value_t*>(nullptr));
    if (lane_id() == 0) result(lane, value);
  }
}
