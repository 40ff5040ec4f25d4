// Sums of a warp's part of a tile by float32 multiplications and additions, in the order of the
// depth. Threads of a warp form 4 rows and 8 columns. A factor whose elements lie along the depth
// gives a thread every 4th row (8th column), one that lies along its rows groups of 4 neighbours.
template <class Tile, class LeftTile, class RightTile>
struct FmaSums : WarpPart<Tile> {
  using Part = WarpPart<Tile>;
  using Sum = float;
  static constexpr int ahead = Tile::stages - 1;  // blocks on their way
  static constexpr int warp_m = Part::warp_m, warp_n = Part::warp_n;
  static constexpr int count_m = warp_m / 4, count_n = warp_n / 8;
  static_assert(count_m % 4 == 0 && count_n % 4 == 0 && Tile::k % 4 == 0, "whole vectors");
  float sums[count_m][count_n];

  __device__ __forceinline__ FmaSums() {
#pragma unroll
    for (int i = 0; i < count_m; ++i)
#pragma unroll
      for (int j = 0; j < count_n; ++j) sums[i][j] = 0;
  }

  __device__ __forceinline__ void multiply(const unsigned char* left, const unsigned char* right) {
#pragma unroll
    for (int depth = 0; depth < Tile::k; depth += 4) {
      float a[count_m][4], b[count_n][4];
      load<LeftTile, count_m, 4>(a, left, Part::first_row(), row_of_thread(), depth);
      load<RightTile, count_n, 8>(b, right, Part::first_column(), column_of_thread(), depth);
#pragma unroll
      for (int k = 0; k < 4; ++k)
#pragma unroll
        for (int i = 0; i < count_m; ++i)
#pragma unroll
          for (int j = 0; j < count_n; ++j) sums[i][j] = fmaf(a[i][k], b[j][k], sums[i][j]);
    }
  }

  // 16 rows from strip_row(strip) of the tile on, all columns of the warp, as lines of COLUMNS + 8
  // floats in the order of strip_place().
  template <int COLUMNS>
  __device__ __forceinline__ void put_strip(int strip, int, float* to) const {
    static_assert(COLUMNS == warp_n, "a thread's columns lie all over the strip");
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int row = place<LeftTile, 4>(row_of_thread(), i);
#pragma unroll
      for (int j = 0; j < count_n; ++j)
        to[row * (COLUMNS + 8) +
           strip_place<COLUMNS>(row, place<RightTile, 8>(column_of_thread(), j))] =
            sums[strip * 4 + i][j];
    }
  }

 private:
  static __device__ __forceinline__ int row_of_thread() { return lane_id() / 8; }
  static __device__ __forceinline__ int column_of_thread() { return lane_id() % 8; }

  // The i-th row of a thread among THREADS.
  template <class Factor, int THREADS>
  static __device__ __forceinline__ int place(int thread, int i) {
    return Factor::along_depth ? thread + i * THREADS : i / 4 * (THREADS * 4) + thread * 4 + i % 4;
  }

  template <class Factor, int COUNT, int THREADS>
  static __device__ __forceinline__ void load(float (&values)[COUNT][4], const unsigned char* tile,
                                              int first, int thread, int depth) {
    if constexpr (Factor::along_depth) {
#pragma unroll
      for (int i = 0; i < COUNT; ++i) {
        const float4 four = *reinterpret_cast<const float4*>(
            tile + Factor::place(first + place<Factor, THREADS>(thread, i), depth));
        values[i][0] = four.x;
        values[i][1] = four.y;
        values[i][2] = four.z;
        values[i][3] = four.w;
      }
    } else {
#pragma unroll
      for (int k = 0; k < 4; ++k)
#pragma unroll
        for (int i = 0; i < COUNT; i += 4) {
          const float4 four = *reinterpret_cast<const float4*>(
              tile + Factor::place(first + place<Factor, THREADS>(thread, i), depth + k));
          values[i][k] = four.x;
          values[i + 1][k] = four.y;
          values[i + 2][k] = four.z;
          values[i + 3][k] = four.w;
        }
    }
  }
};
