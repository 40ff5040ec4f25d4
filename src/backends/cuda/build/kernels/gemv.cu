// Products with few rows on the left: the right factor is read once, by as many threads as there
// are.

// sums[r][j] = this lane's part of left[r] * right[first_column + j]: of SHARES warps, number
// `share` takes every SHARES-th block of 32 packs. left[r * left_row_stride + k * left_stride];
// packs of the left factor (LEFT_PACK, 1 or PACK) lie side by side. right[column * right_stride +
// k] may be read up to right_depth, a multiple of PACK, and is zero from `depth` on. Products are
// added in float.
template <int ROWS, int COLUMNS, int PACK, int LEFT_PACK, int SHARES, class Element, class Index>
__device__ __forceinline__ void multiply_rows(const Element* left, Index left_row_stride,
                                              Index left_stride, const Element* right,
                                              Index right_stride, Index first_column, Index columns,
                                              Index depth, Index right_depth, int share,
                                              float (&sums)[ROWS][COLUMNS]) {
  const Element* lines[COLUMNS];
#pragma unroll
  for (int j = 0; j < COLUMNS; ++j) {
    const Index column = first_column + j < columns ? first_column + j : columns - 1;
    lines[j] = right + static_cast<int64>(column) * right_stride;
#pragma unroll
    for (int r = 0; r < ROWS; ++r) sums[r][j] = 0;
  }
#pragma unroll 4
  for (Index at = (share * 32 + lane_id()) * PACK; at < right_depth; at += SHARES * 32 * PACK) {
    Pack<Element, PACK> b[COLUMNS];
#pragma unroll
    for (int j = 0; j < COLUMNS; ++j)
      b[j] = *reinterpret_cast<const Pack<Element, PACK>*>(lines[j] + at);
#pragma unroll
    for (int r = 0; r < ROWS; ++r) {
      const Element* const row = left + static_cast<int64>(r) * left_row_stride;
      Pack<Element, PACK> a;
      if constexpr (LEFT_PACK == PACK) {
        a = *reinterpret_cast<const Pack<Element, PACK>*>(row + at);
      } else {
#pragma unroll
        for (int e = 0; e < PACK; ++e)
          a.items[e] = at + e < depth ? row[static_cast<int64>(at + e) * left_stride] : Element{};
      }
#pragma unroll
      for (int j = 0; j < COLUMNS; ++j)
#pragma unroll
        for (int e = 0; e < PACK; ++e)
          sums[r][j] = fmaf(to_compute(a.items[e]), to_compute(b[j].items[e]), sums[r][j]);
    }
  }
}

// Adds the lanes' parts, then those of SHARES warps through shared memory, and hands element
// (r, column j) on from one thread: finish(r, j, value). All threads of the block come here.
template <int ROWS, int COLUMNS, int SHARES, int WARPS, class Finish>
__device__ __forceinline__ void finish_rows(float (&sums)[ROWS][COLUMNS], const Finish& finish) {
  constexpr int count = ROWS * COLUMNS;
  __shared__ float parts[SHARES > 1 ? WARPS * count : 1];
  const int warp = static_cast<int>(threadIdx.x) / 32;
#pragma unroll
  for (int r = 0; r < ROWS; ++r)
#pragma unroll
    for (int j = 0; j < COLUMNS; ++j) {
      sums[r][j] = warp_reduce(sums[r][j], [](float a, float b) { return a + b; });
      if (SHARES > 1 && lane_id() == 0) parts[warp * count + r * COLUMNS + j] = sums[r][j];
    }
  if constexpr (SHARES > 1) {
    __syncthreads();
    if (warp % SHARES != 0) return;
  }
#pragma unroll
  for (int first = 0; first < count; first += 32) {
    float value = 0;
#pragma unroll
    for (int i = first; i < first + 32 && i < count; ++i)
      if (lane_id() == i - first) value = sums[i / COLUMNS][i % COLUMNS];
    const int i = first + lane_id();
    if (i >= count) continue;
    if constexpr (SHARES > 1) {
      value = parts[warp * count + i];
#pragma unroll
      for (int share = 1; share < SHARES; ++share) value += parts[(warp + share) * count + i];
    }
    finish(i / COLUMNS, i % COLUMNS, value);
  }
}
