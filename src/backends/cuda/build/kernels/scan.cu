// Running sums and products of lanes. `first` is an element's place in the order of the scan, which
// goes from the end where REVERSE.

// Of all THREADS of a block: the join of the values of the threads before this one, and of all.
// `scratch` holds THREADS / 32 values.
template <class Fold, int THREADS, class T>
__device__ __forceinline__ T join_before(T value, T* scratch, T& all) {
  T inclusive = value;
#pragma unroll
  for (int offset = 1; offset < 32; offset *= 2) {
    const T before = __shfl_up_sync(0xffffffffu, inclusive, offset);
    if (lane_id() >= offset) inclusive = Fold::join(before, inclusive);
  }
  T result = __shfl_up_sync(0xffffffffu, inclusive, 1);
  if (lane_id() == 0) result = Fold::start();
  const int warp = static_cast<int>(threadIdx.x) / 32;
  __syncthreads();
  if (lane_id() == 31) scratch[warp] = inclusive;
  __syncthreads();
  T before = Fold::start();
  all = Fold::start();
#pragma unroll
  for (int i = 0; i < THREADS / 32; ++i) {
    if (i == warp) before = all;
    all = Fold::join(all, scratch[i]);
  }
  return Fold::join(before, result);
}

// The join of elements [begin, end) of each of CHUNKS parts of each lane, a block for each.
template <class Fold, int THREADS, int CHUNKS, bool REVERSE, class T, class Index>
__device__ __forceinline__ void total_runs(const T* from, Index count, Index length,
                                           typename Fold::value_t* scratch,
                                           typename Fold::value_t* totals) {
  const Index part = (length + CHUNKS - 1) / CHUNKS;
  for (Index item = blockIdx.x; item < count * CHUNKS; item += gridDim.x) {
    const Index begin = item % CHUNKS * part;
    const Index end = begin + part < length ? begin + part : length;
    const T* lane = from + item / CHUNKS * length;
    typename Fold::value_t value = Fold::start();
    for (Index k = begin + static_cast<Index>(threadIdx.x); k < end; k += THREADS)
      value = Fold::join(value, Fold::map(to_compute(lane[REVERSE ? length - 1 - k : k]), k));
    value = join_group<Fold, THREADS>(value, scratch);
    if (threadIdx.x == 0) totals[item] = value;
  }
}

// Lanes that lie one behind the other: a block scans each part of a lane, ITEMS elements a thread
// at a time, behind the totals of the parts before.
template <class Fold, int THREADS, int ITEMS, int CHUNKS, bool REVERSE, bool EXCLUSIVE, class T,
          class Index, class Result>
__device__ __forceinline__ void scan_runs(const T* from, Index count, Index length,
                                          typename Fold::value_t* scratch,
                                          const typename Fold::value_t* totals, Result result) {
  using V = typename Fold::value_t;
  const Index part = (length + CHUNKS - 1) / CHUNKS;
  for (Index item = blockIdx.x; item < count * CHUNKS; item += gridDim.x) {
    const Index begin = item % CHUNKS * part;
    const Index end = begin + part < length ? begin + part : length;
    const Index base = item / CHUNKS * length;
    V carry = Fold::start();
    if constexpr (CHUNKS > 1)
      for (Index c = 0; c < item % CHUNKS; ++c)
        carry = Fold::join(carry, totals[item / CHUNKS * CHUNKS + c]);
    for (Index tile = begin; tile < end; tile += THREADS * ITEMS) {
      const Index first = tile + static_cast<Index>(threadIdx.x) * ITEMS;
      V values[ITEMS], total = Fold::start();
#pragma unroll
      for (int j = 0; j < ITEMS; ++j) {
        const Index k = first + j;
        values[j] = k < end ? Fold::map(to_compute(from[base + (REVERSE ? length - 1 - k : k)]), k)
                            : Fold::start();
        total = Fold::join(total, values[j]);
      }
      V all, running = join_before<Fold, THREADS>(total, scratch, all);
      running = Fold::join(carry, running);
      carry = Fold::join(carry, all);
#pragma unroll
      for (int j = 0; j < ITEMS; ++j) {
        const Index k = first + j;
        const V next = Fold::join(running, values[j]);
        if (k < end) result(base + (REVERSE ? length - 1 - k : k), EXCLUSIVE ? running : next);
        running = next;
      }
    }
    __syncthreads();
  }
}

// Columns: a thread scans each lane.
template <class Fold, int THREADS, bool REVERSE, bool EXCLUSIVE, class T, class Index, class Result>
__device__ __forceinline__ void scan_columns(const T* from, Index count, Index length, Index inner,
                                             Result result) {
  for (Index lane = static_cast<Index>(blockIdx.x) * THREADS + static_cast<Index>(threadIdx.x);
       lane < count; lane += static_cast<Index>(gridDim.x) * THREADS) {
    const Index base = lane / inner * length * inner + lane % inner;
    typename Fold::value_t running = Fold::start();
#pragma unroll 4
    for (Index k = 0; k < length; ++k) {
      const Index at = base + (REVERSE ? length - 1 - k : k) * inner;
      const auto next = Fold::join(running, Fold::map(to_compute(from[at]), k));
      result(at, EXCLUSIVE ? running : next);
      running = next;
    }
  }
}
