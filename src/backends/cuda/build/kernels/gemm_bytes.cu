// Sums of a warp's part of a tile of bytes on tensor cores, in int32 that wraps, or float32 where
// the bytes are float8. A warp has Tile::m / Tile::warps_m rows and Tile::n / Tile::warps_n
// columns, multiples of 16. The tile says what types the factors are of, and, of integers, whether
// sums of its rows of the left factor (sums_rows) and of its columns of the right one
// (sums_columns) are to be had too, for zero points.

template <class Tile, class LeftTile, class RightTile>
struct ByteSums : WarpPart<Tile> {
  using Part = WarpPart<Tile>;
  static constexpr bool is_float8 = Tile::left_type >= ByteType::float8e4m3fn;
  using Sum = typename ByteSum<is_float8>::type;
  static constexpr int ahead = Tile::stages - 1;  // blocks on their way
  static constexpr int step = 32;                 // depth of one instruction
  static constexpr int warp_m = Part::warp_m, warp_n = Part::warp_n;
  static constexpr int count_m = warp_m / 16, count_n = warp_n / 8;
  static_assert(warp_m % 16 == 0 && warp_n % 16 == 0 && Tile::k % step == 0, "whole fragments");
  Sum sums[count_m][count_n][4];
  // Products with a factor full of ones: all columns of the first are alike, all rows of the other.
  Sum row_sums[Tile::sums_rows ? count_m : 1][4];
  Sum column_sums[Tile::sums_columns ? count_n : 1][4];

  __device__ __forceinline__ ByteSums() {
#pragma unroll
    for (int i = 0; i < count_m; ++i)
#pragma unroll
      for (int j = 0; j < count_n; ++j) clear(sums[i][j]);
#pragma unroll
    for (auto& sum : row_sums) clear(sum);
#pragma unroll
    for (auto& sum : column_sums) clear(sum);
  }

  // The fragments of a step are loaded while the step before is multiplied.
  __device__ __forceinline__ void multiply(const unsigned char* left, const unsigned char* right) {
    constexpr int steps = Tile::k / step;
    unsigned a[2][count_m][4], b[2][count_n][2];
    load(a[0], b[0], left, right, 0);
#pragma unroll
    for (int s = 0; s < steps; ++s) {
      if (s + 1 < steps) load(a[(s + 1) % 2], b[(s + 1) % 2], left, right, (s + 1) * step);
#pragma unroll
      for (int i = 0; i < count_m; ++i)
#pragma unroll
        for (int j = 0; j < count_n; ++j)
          multiply_bytes<Tile::left_type, Tile::right_type>(sums[i][j], a[s % 2][i], b[s % 2][j]);
      add_ones(a[s % 2], b[s % 2]);
    }
  }

  // Takes left_zero times the sums of the columns, and right_zero(column) times those of the rows,
  // off; columns are places in the tile.
  template <class RightZero>
  __device__ __forceinline__ void centre(unsigned left_zero, const RightZero& right_zero) {
#pragma unroll
    for (int j = 0; j < count_n; ++j)
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        const int column = Part::first_column() + j * 8 + lane_id() % 4 * 2 + e % 2;
        unsigned zero = 0, off = 0;
        if constexpr (Tile::sums_rows) zero = right_zero(column);
        if constexpr (Tile::sums_columns)
          off = left_zero * static_cast<unsigned>(column_sums[j][e % 2]);
#pragma unroll
        for (int i = 0; i < count_m; ++i) {
          unsigned sum = static_cast<unsigned>(sums[i][j][e]) - off;
          if constexpr (Tile::sums_rows) sum -= zero * static_cast<unsigned>(row_sums[i][e]);
          sums[i][j][e] = static_cast<Sum>(sum);
        }
      }
  }

  // 16 rows from strip_row(strip) of the tile on, COLUMNS of each from the warp's `first` on, as
  // lines of COLUMNS + 8 sums in the order of strip_place().
  template <int COLUMNS>
  __device__ __forceinline__ void put_strip(int strip, int first, Sum* to) const {
    Sum* const at = to + lane_id() / 4 * (COLUMNS + 8);
    const int row = lane_id() / 4, pair = lane_id() % 4 * 2;
#pragma unroll
    for (int j = 0; j < COLUMNS / 8; ++j) {
      const Sum* const four = sums[strip][first / 8 + j];
#pragma unroll
      for (int e = 0; e < 4; e += 2)
        *reinterpret_cast<Pack<Sum, 2>*>(at + e / 2 * 8 * (COLUMNS + 8) +
                                         strip_place<COLUMNS>(row, j * 8 + pair)) = {four[e],
                                                                                     four[e + 1]};
    }
  }

 private:
  static __device__ __forceinline__ void clear(Sum (&sum)[4]) {
#pragma unroll
    for (int e = 0; e < 4; ++e) sum[e] = 0;
  }

  __device__ __forceinline__ void add_ones(const unsigned (&a)[count_m][4],
                                           const unsigned (&b)[count_n][2]) {
    constexpr unsigned ones = 0x01010101;
    if constexpr (Tile::sums_rows) {
      const unsigned right[2] = {ones, ones};
#pragma unroll
      for (int i = 0; i < count_m; ++i)
        multiply_bytes<Tile::left_type, ByteType::int8>(row_sums[i], a[i], right);
    }
    if constexpr (Tile::sums_columns) {
      const unsigned left[4] = {ones, ones, ones, ones};
#pragma unroll
      for (int j = 0; j < count_n; ++j)
        multiply_bytes<ByteType::int8, Tile::right_type>(column_sums[j], left, b[j]);
    }
  }

  static __device__ __forceinline__ void load(unsigned (&a)[count_m][4], unsigned (&b)[count_n][2],
                                              const unsigned char* left, const unsigned char* right,
                                              int depth) {
#pragma unroll
    for (int i = 0; i < count_m; ++i) load_left(a[i], left, Part::first_row() + i * 16, depth);
#pragma unroll
    for (int j = 0; j < count_n; j += 2)
      load_right(b[j], b[j + 1], right, Part::first_column() + j * 8, depth);
  }

  // Four bytes at consecutive depths of a row, one by one: no instruction turns bytes.
  template <class Factor>
  static __device__ __forceinline__ unsigned word(const unsigned char* tile, int row, int depth) {
    unsigned bits = 0;
#pragma unroll
    for (int e = 0; e < 4; ++e)
      bits |= static_cast<unsigned>(tile[Factor::place(row, depth + e)]) << (8 * e);
    return bits;
  }

  static __device__ __forceinline__ void load_left(unsigned (&a)[4], const unsigned char* tile,
                                                   int row, int depth) {
    const int lane = lane_id();
    if constexpr (LeftTile::along_depth) {
      load_matrices(a, tile + LeftTile::at(row + lane % 16, depth + lane / 16 * 16));
    } else {
#pragma unroll
      for (int e = 0; e < 4; ++e)
        a[e] = word<LeftTile>(tile, row + lane / 4 + e % 2 * 8, depth + lane % 4 * 4 + e / 2 * 16);
    }
  }

  // Two fragments, of columns 8 apart.
  static __device__ __forceinline__ void load_right(unsigned (&b0)[2], unsigned (&b1)[2],
                                                    const unsigned char* tile, int column,
                                                    int depth) {
    const int lane = lane_id();
    unsigned both[4];
    if constexpr (RightTile::along_depth) {
      load_matrices(
          both, tile + RightTile::at(column + lane / 16 * 8 + lane % 8, depth + lane / 8 % 2 * 16));
    } else {
#pragma unroll
      for (int e = 0; e < 4; ++e)
        both[e] =
            word<RightTile>(tile, column + lane / 4 + e / 2 * 8, depth + lane % 4 * 4 + e % 2 * 16);
    }
    b0[0] = both[0];
    b0[1] = both[1];
    b1[0] = both[2];
    b1[1] = both[3];
  }
};
