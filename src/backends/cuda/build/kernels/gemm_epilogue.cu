// Hands the sums of a strip on: 16 rows of COLUMNS, as put_strip() has written them.
template <int PACK, int COLUMNS, class Sum, class Finish>
__device__ __forceinline__ void read_strip(const Sum* strip, int first_row, int first_column,
                                           const Finish& finish) {
  constexpr int units = 16 * COLUMNS / PACK;
#pragma unroll(units <= 128 ? 4 : 1)
  for (int i = 0; i < units; i += 32) {
    const int unit = i + lane_id();
    if (units % 32 != 0 && unit >= units) continue;
    const int row = unit / (COLUMNS / PACK), column = unit % (COLUMNS / PACK) * PACK;
    const Sum* const at = strip + row * (COLUMNS + 8);
    Sum values[PACK];
    if constexpr (PACK % 4 == 0) {
#pragma unroll
      for (int j = 0; j < PACK; j += 4) {
        const Pack<Sum, 4> four =
            *reinterpret_cast<const Pack<Sum, 4>*>(at + strip_place<COLUMNS>(row, column + j));
#pragma unroll
        for (int e = 0; e < 4; ++e) values[j + e] = four.items[e];
      }
    } else {
#pragma unroll
      for (int j = 0; j < PACK; ++j) values[j] = at[strip_place<COLUMNS>(row, column + j)];
    }
    finish(first_row + row, first_column + column, values);
  }
}

// Hands the sums of a tile on as packs of PACK neighbours of a row: finish(row, column, values),
// with places in the tile. Each warp turns strips of 16 rows and COLUMNS (which divide its own) in
// its own part of the memory at `strips`, of 64 * (COLUMNS + 8) bytes.
template <class Tile, int PACK, int COLUMNS, class Sums, class Finish>
__device__ __forceinline__ void for_each_pack_at(unsigned char* strips, const Sums& sums,
                                                 const Finish& finish) {
  using Sum = typename Sums::Sum;
  static_assert(sizeof(Sum) == 4, "as the strips' place is reckoned");
  constexpr int parts = Sums::warp_n / COLUMNS;
  static_assert(parts * COLUMNS == Sums::warp_n, "whole strips");
  Sum* const strip =
      reinterpret_cast<Sum*>(strips) + static_cast<int>(threadIdx.x) / 32 * (16 * (COLUMNS + 8));
#pragma unroll 1
  for (int s = 0; s < Sums::strips * parts; ++s) {
#pragma unroll
    for (int i = 0; i < Sums::strips * parts; ++i)  // sums are registers, found by constants
      if (i == s) sums.template put_strip<COLUMNS>(i / parts, i % parts * COLUMNS, strip);
    __syncwarp();
    read_strip<PACK, COLUMNS>(strip, sums.strip_row(s / parts),
                              sums.first_column() + s % parts * COLUMNS, finish);
    __syncwarp();
  }
}

// The same with strips of all of a warp's columns, in the dynamic shared memory, which has to be
// free.
template <class Tile, int PACK, class Sums, class Finish>
__device__ __forceinline__ void for_each_pack(const Sums& sums, const Finish& finish) {
  for_each_pack_at<Tile, PACK, Sums::warp_n>(dynamic_shared_memory, sums, finish);
}

// The results of a tile that have not been finished, as parts for multiply_blocks_with(): strips as
// those of for_each_pack_at(). Nothing where there is no such tile yet.
template <class Tile, int PACK, int COLUMNS, class Sums, class Finish>
struct PendingTile {
  static constexpr int per_strip = Sums::warp_n / COLUMNS, parts = Sums::strips * per_strip;
  unsigned char* strips;
  const Sums& sums;
  const Finish& finish_pack;
  bool is_there;

  __device__ __forceinline__ void finish() const {
    if (is_there) for_each_pack_at<Tile, PACK, COLUMNS>(strips, sums, finish_pack);
  }
  template <int I>
  __device__ __forceinline__ void finish_part() const {
    if (!is_there) return;
    typename Sums::Sum* const strip = reinterpret_cast<typename Sums::Sum*>(strips) +
                                      static_cast<int>(threadIdx.x) / 32 * (16 * (COLUMNS + 8));
    sums.template put_strip<COLUMNS>(I / per_strip, I % per_strip * COLUMNS, strip);
    __syncwarp();
    read_strip<PACK, COLUMNS>(strip, sums.strip_row(I / per_strip),
                              sums.first_column() + I % per_strip * COLUMNS, finish_pack);
    __syncwarp();
  }
};
