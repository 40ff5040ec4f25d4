// Products of matrices in tiles of 16 x 16, for types without faster kernels.
//
// write(row, column, sum over depth of left(row, depth) * right(depth, column)), in the type Sum,
// over the depth in its order. All 256 threads of a block take part; `a` and `b` in shared memory
// hold a tile each and may be used again after the call.
template <class Sum, class Index, class Left, class Right, class Write>
__device__ __forceinline__ void plain_product(Index rows, Index columns, Index depth,
                                              Index first_row, Index first_column, Sum (*a)[17],
                                              Sum (*b)[17], const Left& left, const Right& right,
                                              const Write& write) {
  const int y = static_cast<int>(threadIdx.x) / 16, x = static_cast<int>(threadIdx.x) % 16;
  const Index row = first_row + y, column = first_column + x;
  Sum sum = 0;
  for (Index k = 0; k < depth; k += 16) {
    a[y][x] = row < rows && k + x < depth ? left(row, k + x) : Sum(0);
    b[y][x] = column < columns && k + y < depth ? right(k + y, column) : Sum(0);
    __syncthreads();
#pragma unroll
    for (int i = 0; i < 16; ++i) sum += a[y][i] * b[i][x];
    __syncthreads();
  }
  if (row < rows && column < columns) write(row, column, sum);
}
