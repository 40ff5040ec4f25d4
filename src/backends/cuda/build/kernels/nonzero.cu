// Places of elements that differ from zero, in their order. A block has one of gridDim.x parts.

template <int THREADS, class T>
__device__ __forceinline__ void count_nonzero(const T* x, int64 elements, int64* scratch,
                                              int64* counts) {
  const int64 part = (elements + gridDim.x - 1) / gridDim.x;
  const int64 begin = blockIdx.x * part;
  const int64 end = begin + part < elements ? begin + part : elements;
  int64 count = 0;
  for (int64 i = begin + threadIdx.x; i < end; i += THREADS) count += to_compute(x[i]) != 0;
  count = block_reduce<THREADS>(count, scratch, [](int64 a, int64 b) { return a + b; });
  if (threadIdx.x == 0) counts[blockIdx.x] = count;
}

// write(place, i) for the place-th such element i; returns how many there are.
template <int THREADS, class T, class Write>
__device__ __forceinline__ int64 write_nonzero(const T* x, int64 elements, const int64* counts,
                                               int64* scratch, const Write& write) {
  const int64 part = (elements + gridDim.x - 1) / gridDim.x;
  const int64 begin = blockIdx.x * part;
  const int64 end = begin + part < elements ? begin + part : elements;
  int64 all;
  int64 place = sum_before<THREADS>(counts, gridDim.x, blockIdx.x, scratch, all);
  for (int64 first = begin; first < end; first += THREADS) {
    const int64 i = first + threadIdx.x;
    const bool mark = i < end && to_compute(x[i]) != 0;
    int found;
    const int before = marks_before<THREADS>(mark, scratch, found);
    if (mark) write(place + before, i);
    place += found;
  }
  return all;
}
