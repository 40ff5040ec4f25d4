// Tiles of a product in shared memory. A factor's tile holds ROWS rows (of the left factor; columns
// of the right one) and DEPTH elements of each, in lines of PITCH bytes: a line is a row where the
// factor's elements lie side by side along the depth, else all rows at one depth. With BLOCKS a
// line has at most 128 bytes, and longer ones continue in a further block of lines: warpgroups read
// so.

// The byte at which `byte` of a line lies. Chunks of 16 bytes change places within their line, so
// that the same chunk of 8 lines one after the other lies in all banks. WORDS: 32-bit elements one
// by one, 8 side by side of each of 4 lines, do so instead.
template <int PITCH, bool WORDS>
__device__ __forceinline__ int swizzled(int line, int byte) {
  constexpr int chunks = PITCH / 16;
  int turn = 0;
  if constexpr (WORDS && chunks >= 8)
    turn = (line & 3) << 1;
  else if constexpr (chunks >= 8)
    turn = line & 7;
  else if constexpr (chunks == 4)
    turn = (line >> 1) & 3;
  else if constexpr (chunks == 2)
    turn = (line >> 2) & 1;
  return line * PITCH + (byte ^ (turn << 4));
}

template <class Element_, int ROWS, int DEPTH, bool ALONG_DEPTH, bool BLOCKS>
struct FactorTile {
  using Element = Element_;
  static constexpr bool along_depth = ALONG_DEPTH;
  static constexpr int size = static_cast<int>(sizeof(Element));
  static constexpr int line_bytes = (ALONG_DEPTH ? DEPTH : ROWS) * size;
  static constexpr int pitch = BLOCKS && line_bytes > 128 ? 128 : line_bytes;
  static constexpr int lines = ALONG_DEPTH ? ROWS : DEPTH;
  static constexpr int block_bytes = pitch * lines, bytes = line_bytes * lines;
  static constexpr bool words = !ALONG_DEPTH && size == 4;
  static_assert(pitch >= 32 && (pitch & (pitch - 1)) == 0, "a line is a power of two");

  // Of byte `byte` of a line.
  static __device__ __forceinline__ int at(int line, int byte) {
    return byte / pitch * block_bytes + swizzled<pitch, words>(line, byte % pitch);
  }
  // Of element `depth` of a row.
  static __device__ __forceinline__ int place(int row, int depth) {
    return ALONG_DEPTH ? at(row, depth * size) : at(depth, row * size);
  }
};

// Which part of a tile is a warp's: Tile::m / Tile::warps_m rows, Tile::n / Tile::warps_n columns.
template <class Tile>
struct WarpPart {
  static constexpr int warp_m = Tile::m / Tile::warps_m, warp_n = Tile::n / Tile::warps_n;
  static __device__ __forceinline__ int first_row() {
    return static_cast<int>(threadIdx.x) / 32 / Tile::warps_n * warp_m;
  }
  static __device__ __forceinline__ int first_column() {
    return static_cast<int>(threadIdx.x) / 32 % Tile::warps_n * warp_n;
  }
  // Its results are handed on in strips of 16 rows.
  static constexpr int strips = warp_m / 16;
  static __device__ __forceinline__ int strip_row(int strip) { return first_row() + strip * 16; }
};

// Where a column lies in a line of a strip that has COLUMNS: packs of 8 words that lanes read side
// by side, half a pack at a time, lie in all banks so.
template <int COLUMNS>
__device__ __forceinline__ constexpr int strip_place(int row, int column) {
  return column ^ (COLUMNS > 32 ? column >> 3 & 4 : (row & 1) << 2);
}

template <class Index>
struct TilePlace {
  Index m, n;
};

// Tile `tile` of the result in an order in which tiles that run at the same time share rows and
// columns: groups of GROUP rows of tiles, column by column.
template <int GROUP, class Index>
__device__ __forceinline__ TilePlace<Index> place_of_tile(Index tile, Index tiles_m,
                                                          Index tiles_n) {
  const Index per_group = GROUP * tiles_n;
  const Index group = tile / per_group, within = tile % per_group;
  const Index first = group * GROUP;
  const Index height = tiles_m - first < GROUP ? tiles_m - first : static_cast<Index>(GROUP);
  return {first + within % height, within / height};
}
