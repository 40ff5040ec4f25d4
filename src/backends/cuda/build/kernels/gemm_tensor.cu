// Sums of a warp's part of a tile on tensor cores: 16-bit floats, or 32-bit ones rounded to TF32.
// A warp has Tile::m / Tile::warps_m rows and Tile::n / Tile::warps_n columns, multiples of 16.

template <class Element>
struct TensorProduct;
template <>
struct TensorProduct<half_t> {
  static __device__ __forceinline__ void add(float (&d)[4], const unsigned (&a)[4],
                                             const unsigned (&b)[2]) {
    mma_f16(d, a, b);
  }
};
template <>
struct TensorProduct<bfloat16_t> {
  static __device__ __forceinline__ void add(float (&d)[4], const unsigned (&a)[4],
                                             const unsigned (&b)[2]) {
    mma_bf16(d, a, b);
  }
};
template <>
struct TensorProduct<float> {
  static __device__ __forceinline__ void add(float (&d)[4], const unsigned (&a)[4],
                                             const unsigned (&b)[2]) {
    mma_tf32(d, a, b);
  }
};

template <class Tile, class LeftTile, class RightTile>
struct TensorSums : WarpPart<Tile> {
  using Part = WarpPart<Tile>;
  using Sum = float;
  static constexpr int ahead = Tile::stages - 1;  // blocks on their way
  using Element = typename Tile::Element;
  static constexpr int size = static_cast<int>(sizeof(Element));
  static constexpr int step = 32 / size;  // depth of one instruction
  static constexpr int warp_m = Part::warp_m, warp_n = Part::warp_n;
  static constexpr int count_m = warp_m / 16, count_n = warp_n / 8;
  static_assert(warp_m % 16 == 0 && warp_n % 16 == 0 && Tile::k % step == 0, "whole fragments");
  float sums[count_m][count_n][4];

  __device__ __forceinline__ TensorSums() {
#pragma unroll
    for (int i = 0; i < count_m; ++i)
#pragma unroll
      for (int j = 0; j < count_n; ++j)
#pragma unroll
        for (int e = 0; e < 4; ++e) sums[i][j][e] = 0;
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
          TensorProduct<Element>::add(sums[i][j], a[s % 2][i], b[s % 2][j]);
    }
  }

  // 16 rows from strip_row(strip) of the tile on, COLUMNS of each from the warp's `first` on, as
  // lines of COLUMNS + 8 floats in the order of strip_place().
  template <int COLUMNS>
  __device__ __forceinline__ void put_strip(int strip, int first, float* to) const {
    float* const at = to + lane_id() / 4 * (COLUMNS + 8);
    const int row = lane_id() / 4, pair = lane_id() % 4 * 2;
#pragma unroll
    for (int j = 0; j < COLUMNS / 8; ++j) {
      const float* const four = sums[strip][first / 8 + j];
      *reinterpret_cast<float2*>(at + strip_place<COLUMNS>(row, j * 8 + pair)) =
          make_float2(four[0], four[1]);
      *reinterpret_cast<float2*>(at + 8 * (COLUMNS + 8) + strip_place<COLUMNS>(row, j * 8 + pair)) =
          make_float2(four[2], four[3]);
    }
  }

 private:
  static __device__ __forceinline__ void load(unsigned (&a)[count_m][4], unsigned (&b)[count_n][2],
                                              const unsigned char* left, const unsigned char* right,
                                              int depth) {
#pragma unroll
    for (int i = 0; i < count_m; ++i) load_left(a[i], left, Part::first_row() + i * 16, depth);
#pragma unroll
    for (int j = 0; j < count_n; j += 2)
      load_right(b[j], b[j + 1], right, Part::first_column() + j * 8, depth);
  }

  static __device__ __forceinline__ unsigned rounded(unsigned bits) {
    return size == 4 ? float_to_tf32(__uint_as_float(bits)) : bits;
  }
  template <class Factor>
  static __device__ __forceinline__ unsigned word(const unsigned char* tile, int row, int depth) {
    return rounded(*reinterpret_cast<const unsigned*>(tile + Factor::place(row, depth)));
  }

  static __device__ __forceinline__ void load_left(unsigned (&a)[4], const unsigned char* tile,
                                                   int row, int depth) {
    const int lane = lane_id();
    if constexpr (LeftTile::along_depth) {
      load_matrices(a, tile + LeftTile::at(row + lane % 16, depth * size + lane / 16 * 16));
#pragma unroll
      for (int e = 0; e < 4; ++e) a[e] = rounded(a[e]);
    } else if constexpr (size == 2) {
      load_matrices_transposed(
          a, tile + LeftTile::place(row + lane / 8 % 2 * 8, depth + lane / 16 * 8 + lane % 8));
    } else {
#pragma unroll
      for (int e = 0; e < 4; ++e)
        a[e] = word<LeftTile>(tile, row + lane / 4 + e % 2 * 8, depth + lane % 4 + e / 2 * 4);
    }
  }

  // Two fragments, of columns 8 apart.
  static __device__ __forceinline__ void load_right(unsigned (&b0)[2], unsigned (&b1)[2],
                                                    const unsigned char* tile, int column,
                                                    int depth) {
    const int lane = lane_id();
    unsigned both[4];
    if constexpr (RightTile::along_depth) {
      load_matrices(both, tile + RightTile::at(column + lane / 16 * 8 + lane % 8,
                                               depth * size + lane / 8 % 2 * 16));
#pragma unroll
      for (int e = 0; e < 4; ++e) both[e] = rounded(both[e]);
    } else if constexpr (size == 2) {
      load_matrices_transposed(both, tile + RightTile::place(column + lane / 16 * 8,
                                                             depth + lane / 8 % 2 * 8 + lane % 8));
    } else {
#pragma unroll
      for (int e = 0; e < 4; ++e)
        both[e] =
            word<RightTile>(tile, column + lane / 4 + e / 2 * 8, depth + lane % 4 + e % 2 * 4);
    }
    b0[0] = both[0];
    b0[1] = both[1];
    b1[0] = both[2];
    b1[1] = both[3];
  }
};
