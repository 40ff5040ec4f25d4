// Hands the sums of a tile on as packs of PACK neighbours of a row: finish(row, column, values),
// with places in the tile. Each warp turns strips of 16 rows in its own part of shared memory,
// which has to be free.
template <class Tile, int PACK, class Sums, class Finish>
__device__ __forceinline__ void for_each_pack(const Sums& sums, const Finish& finish) {
  using Sum = typename Sums::Sum;
  static_assert(sizeof(Sum) == 4, "as the strips' place is reckoned");
  constexpr int columns = Sums::warp_n, pitch = columns + 8;
  Sum* const strip = reinterpret_cast<Sum*>(dynamic_shared_memory) +
                     static_cast<int>(threadIdx.x) / 32 * (16 * pitch);
  constexpr int units = 16 * columns / PACK;
#pragma unroll 1
  for (int s = 0; s < Sums::strips; ++s) {
#pragma unroll
    for (int i = 0; i < Sums::strips; ++i)  // sums are registers, found by constants
      if (i == s) sums.template put_strip<pitch>(i, strip);
    __syncwarp();
#pragma unroll(units <= 128 ? 4 : 1)
    for (int i = 0; i < units; i += 32) {
      const int unit = i + lane_id();
      if (units % 32 != 0 && unit >= units) continue;
      const int row = unit / (columns / PACK), column = unit % (columns / PACK) * PACK;
      const Sum* const at = strip + row * pitch;
      Sum values[PACK];
      if constexpr (PACK % 4 == 0) {
#pragma unroll
        for (int j = 0; j < PACK; j += 4) {
          const Pack<Sum, 4> four =
              *reinterpret_cast<const Pack<Sum, 4>*>(at + strip_place(column + j));
#pragma unroll
          for (int e = 0; e < 4; ++e) values[j + e] = four.items[e];
        }
      } else {
#pragma unroll
        for (int j = 0; j < PACK; ++j) values[j] = at[strip_place(column + j)];
      }
      finish(sums.strip_row(s) + row, sums.first_column() + column, values);
    }
    __syncwarp();
  }
}
