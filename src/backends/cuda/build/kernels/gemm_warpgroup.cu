// Sums of a tile on Hopper's tensor cores: 16-bit floats or bytes, which warpgroups of 128 threads
// read from shared memory by themselves, while the threads go on. Bytes lie along the depth. Groups
// lie one below the other in the tile, and each has all of its columns. FactorTile has blocks of
// lines here, places in shared memory are multiples of 1024 bytes.

#if defined(CERMET_WARPGROUPS) && !defined(CERMET_EMULATED)

// How a tile lies, as the instruction wants to know it: swizzled lines of 32, 64 or 128 bytes,
// groups of 8 lines one behind the other, and beside each other where a line has several blocks.
// Source: PTX ISA, "Matrix-descriptor format" of wgmma.
template <class Factor>
__device__ __forceinline__ uint64 warpgroup_descriptor(const unsigned char* tile, int row,
                                                       int depth) {
  constexpr int per_line = Factor::pitch / Factor::size;
  const int byte = Factor::along_depth
                       ? row * Factor::pitch + depth * Factor::size
                       : row / per_line * Factor::block_bytes + depth * Factor::pitch;
  constexpr uint64 swizzle = Factor::pitch == 128 ? 1 : Factor::pitch == 64 ? 2 : 3;
  constexpr uint64 beside = Factor::along_depth ? 1 : Factor::block_bytes / 16;
  constexpr uint64 behind = 8 * Factor::pitch / 16;
  return swizzle << 62 | behind << 32 | beside << 16 |
         ((shared_address(tile) + byte) & 0x3ffff) >> 4;
}

// d += rows `row` to `row` + 63 of the left tile * all of the right tile, 32 bytes deep from
// `depth` on; in the background, from warpgroup_begin() to the warpgroup_wait() that waits for it.
template <class Tile, class LeftTile, class RightTile, class Sum, int COUNT>
__device__ __forceinline__ void warpgroup_multiply(Sum (&d)[COUNT], const unsigned char* left,
                                                   int row, const unsigned char* right, int depth) {
  Tile::warpgroup_instruction(d, warpgroup_descriptor<LeftTile>(left, row, depth),
                              warpgroup_descriptor<RightTile>(right, 0, depth));
}

// The compiler may not move uses of the sums across.
template <int COUNT>
__device__ __forceinline__ void hold_in_registers(float (&d)[COUNT]) {
#pragma unroll
  for (int i = 0; i < COUNT; ++i) asm volatile("" : "+f"(d[i])::"memory");
}
template <int COUNT>
__device__ __forceinline__ void hold_in_registers(int (&d)[COUNT]) {
#pragma unroll
  for (int i = 0; i < COUNT; ++i) asm volatile("" : "+r"(d[i])::"memory");
}

__device__ __forceinline__ void warpgroup_begin() {
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
__device__ __forceinline__ void warpgroup_commit() {
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}
// Until at most GROUPS commits are still under way.
template <int GROUPS>
__device__ __forceinline__ void warpgroup_wait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(GROUPS) : "memory");
}
// What this thread has written to shared memory can be seen by the tensor cores after the next
// barrier.
__device__ __forceinline__ void show_to_tensor_cores() {
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

#endif

#ifdef CERMET_WARPGROUPS

template <class Tile, class LeftTile, class RightTile>
struct WarpgroupSums {
  static constexpr int groups = Tile::threads / 128;
  static constexpr int count_m = Tile::m / groups / 64, warp_n = Tile::n;
  static_assert(count_m * groups * 64 == Tile::m && Tile::n % 8 == 0 && Tile::n <= 256,
                "whole instructions");
  static_assert(LeftTile::bytes % 1024 == 0 && RightTile::bytes % 1024 == 0, "places of tiles");
  using Sum = typename Tile::Sum;
  static constexpr int step = 32 / static_cast<int>(sizeof(typename Tile::Element));
  // With short_sums, of float8, of which tensor cores keep about 14 bits, the sums of so many
  // blocks of depth are left to them, and added up beside them.
  static constexpr int short_blocks = 512 / Tile::k;
  static constexpr int total_m = Tile::short_sums ? count_m : 1,
                       total_n = Tile::short_sums ? Tile::n / 2 : 1;
  // Blocks whose products run while those of the next begin, and blocks on their way.
  static constexpr int behind = Tile::stages >= 4 ? 1 : 0, ahead = Tile::stages - 1 - behind;
  Sum sums[count_m][Tile::n / 2];
  Sum totals[total_m][total_n];

  __device__ __forceinline__ WarpgroupSums() {
#pragma unroll
    for (int i = 0; i < count_m; ++i)
#pragma unroll
      for (int j = 0; j < Tile::n / 2; ++j) sums[i][j] = 0;
#pragma unroll
    for (int i = 0; i < total_m; ++i)
#pragma unroll
      for (int j = 0; j < total_n; ++j) totals[i][j] = 0;
  }
  // The same number in all threads of a warp, which the compiler has to know.
  static __device__ __forceinline__ int group() {
    return __shfl_sync(0xffffffffu, static_cast<int>(threadIdx.x) / 128, 0);
  }
  static __device__ __forceinline__ int first_column() { return 0; }

  __device__ __forceinline__ void multiply(const unsigned char* left, const unsigned char* right) {
    const int row = group() * (count_m * 64);
#pragma unroll
    for (int i = 0; i < count_m; ++i) hold_in_registers(sums[i]);
    warpgroup_begin();
#pragma unroll
    for (int depth = 0; depth < Tile::k; depth += step)
#pragma unroll
      for (int i = 0; i < count_m; ++i)
        warpgroup_multiply<Tile, LeftTile, RightTile>(sums[i], left, row + i * 64, right, depth);
    warpgroup_commit();
  }
  // Waits, and adds what is in the tensor cores' sums to the totals.
  __device__ __forceinline__ void settle() {
    finish_products();
    if constexpr (Tile::short_sums) {
#pragma unroll
      for (int i = 0; i < count_m; ++i)
#pragma unroll
        for (int j = 0; j < Tile::n / 2; ++j) {
          totals[i][j] += sums[i][j];
          sums[i][j] = 0;
        }
    }
  }
  // Behind all products.
  __device__ __forceinline__ void finish() { settle(); }

  // 16 rows from strip_row(strip) of the tile on, COLUMNS of each from the warp's `first` on, as
  // lines of COLUMNS + 8 sums in the order of strip_place().
  static constexpr int strips = count_m;
  static __device__ __forceinline__ int strip_row(int strip) {
    const int warp = static_cast<int>(threadIdx.x) / 32;
    return warp / 4 * (count_m * 64) + strip * 64 + warp % 4 * 16;
  }
  template <int COLUMNS>
  __device__ __forceinline__ void put_strip(int strip, int first, Sum* to) const {
    Sum* const at = to + lane_id() / 4 * (COLUMNS + 8);
    const int row = lane_id() / 4, pair = lane_id() % 4 * 2;
#pragma unroll
    for (int j = 0; j < COLUMNS / 8; ++j) {
      const Sum* four = sums[strip] + (first / 8 + j) * 4;
      if constexpr (Tile::short_sums) four = totals[strip] + (first / 8 + j) * 4;
      *reinterpret_cast<Pack<Sum, 2>*>(at + strip_place<COLUMNS>(row, j * 8 + pair)) = {four[0],
                                                                                        four[1]};
      *reinterpret_cast<Pack<Sum, 2>*>(
          at + 8 * (COLUMNS + 8) + strip_place<COLUMNS>(row, j * 8 + pair)) = {four[2], four[3]};
    }
  }

 private:
  __device__ __forceinline__ void finish_products() {
    warpgroup_wait<0>();
#pragma unroll
    for (int i = 0; i < count_m; ++i) hold_in_registers(sums[i]);
  }
};

// As multiply_blocks. With four stages or more the next block's products begin before those of the
// last one end, which then still needs its place; with fewer they take turns with those of another
// block of threads of the multiprocessor.
template <class Tile, class Left, class Right>
__device__ __forceinline__ void multiply_blocks(
    Left& left, Right& right, int blocks,
    WarpgroupSums<Tile, typename Left::Factor, typename Right::Factor>& sums) {
  unsigned char* const memory = dynamic_shared_memory;
  constexpr int left_bytes = Left::Factor::bytes, stage_bytes = left_bytes + Right::Factor::bytes;
  using Sums = WarpgroupSums<Tile, typename Left::Factor, typename Right::Factor>;
  constexpr int behind = Sums::behind, ahead = Sums::ahead;
  static_assert(ahead >= 1, "one is filled while another is read");
  int reading = 0, filling = ahead;
#pragma unroll 1
  for (int i = 0; i < blocks; ++i) {
    async_wait<ahead - 1>();
    if (behind == 0) warpgroup_wait<0>();
    show_to_tensor_cores();
    __syncthreads();
    sums.multiply(memory + reading * stage_bytes, memory + reading * stage_bytes + left_bytes);
    const bool more = i + ahead < blocks;
    unsigned char* const stage = memory + filling * stage_bytes;
    if (more) {
      left.fetch(stage);
      right.fetch(stage + left_bytes);
    }
    async_commit();
    if (Tile::short_sums && (i + 1) % Sums::short_blocks == 0)
      sums.settle();
    else if (behind == 1)
      warpgroup_wait<1>();
    if (more) {
      left.put(stage);
      right.put(stage + left_bytes);
    }
    reading = reading + 1 == Tile::stages ? 0 : reading + 1;
    filling = filling + 1 == Tile::stages ? 0 : filling + 1;
  }
  sums.finish();
  async_wait<0>();
  __syncthreads();
}

#endif
