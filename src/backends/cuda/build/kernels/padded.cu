// Results of which only a part is filled: the number of filled elements is known when all blocks of
// a first kernel have counted theirs; a second one writes them in order, and zeros behind.

// Of `parts` counts: the sum of those before `part`, and of all. All THREADS of a block take part.
template <int THREADS>
__device__ __forceinline__ int64 sum_before(const int64* counts, int64 parts, int64 part,
                                            int64* scratch, int64& all) {
  const auto sum = [](int64 a, int64 b) { return a + b; };
  int64 before = 0;
  all = 0;
  for (int64 i = threadIdx.x; i < parts; i += THREADS) {
    all += counts[i];
    if (i < part) before += counts[i];
  }
  all = block_reduce<THREADS>(all, scratch, sum);
  return block_reduce<THREADS>(before, scratch, sum);
}

// How many of the threads before this one, and of all, have the mark.
template <int THREADS>
__device__ __forceinline__ int marks_before(bool mark, int64* scratch, int& all) {
  const unsigned marks = __ballot_sync(0xffffffffu, mark);
  const int warp = static_cast<int>(threadIdx.x) / 32;
  __syncthreads();
  if (lane_id() == 0) scratch[warp] = __popc(marks);
  __syncthreads();
  int before = __popc(marks & ((1u << lane_id()) - 1));
  all = 0;
#pragma unroll
  for (int i = 0; i < THREADS / 32; ++i) {
    if (i < warp) before += static_cast<int>(scratch[i]);
    all += static_cast<int>(scratch[i]);
  }
  return before;
}

// fill(i) for places `first` to `end` - 1, by all blocks together.
template <int THREADS, class Fill>
__device__ __forceinline__ void fill_rest(int64 first, int64 end, const Fill& fill) {
  for (int64 i = first + blockIdx.x * static_cast<int64>(THREADS) + threadIdx.x; i < end;
       i += gridDim.x * static_cast<int64>(THREADS))
    fill(i);
}
