// What brings tiles of a factor from global to shared memory. A loader belongs to a thread of a
// block of Tile::threads; it is made for the first block of depth that the block of threads
// multiplies and goes on by Tile::k with each fetch(). Elements outside the matrix arrive as zeros
// and are not read.
//   fetch(tile)  starts to copy the thread's part; what cp.async can't copy is held in registers
//   put(tile)    stores what is held
// PACK elements are copied at once; they are inside or outside together, and their addresses are
// multiples of their size.

template <class Element, int PACK, int EACH>
struct Copies {
  static constexpr int bytes = static_cast<int>(sizeof(Element)) * PACK;
  static constexpr bool in_background = bytes >= 4;
  static_assert(in_background || PACK == 1, "packs of 4 bytes or more, or elements");
  Element held[in_background ? 1 : EACH];

  __device__ __forceinline__ void fetch(int i, unsigned char* to, const Element* from, bool valid) {
    if constexpr (in_background)
      async_copy<bytes>(to, from, valid);
    else
      held[i] = valid ? *from : Element{};
  }
  // Elements of bytes that are parts of a word, without reading any.
  __device__ __forceinline__ void fill(int i, unsigned char* to, unsigned word) {
    static_assert(sizeof(Element) == 1, "any part of the word is an element");
    if constexpr (in_background) {
#pragma unroll
      for (int e = 0; e < bytes; e += 4) *reinterpret_cast<unsigned*>(to + e) = word;
    } else {
      held[i] = static_cast<Element>(word);
    }
  }
  __device__ __forceinline__ void put(int i, unsigned char* to) const {
    if constexpr (!in_background) *reinterpret_cast<Element*>(to) = held[i];
  }
};

// Which chunk of a line a thread copies, and in which lines: its own, and every `stride`-th behind.
template <class Tile, class Factor, int LINE, int PACK>
struct ThreadLines {
  static constexpr int chunks = LINE / PACK;
  static_assert(Tile::threads % chunks == 0, "threads take whole lines");
  static constexpr int stride = Tile::threads / chunks;
  static constexpr int each = (Factor::lines + stride - 1) / stride;
  static constexpr bool even = each * stride == Factor::lines;
  static constexpr int bytes = PACK * static_cast<int>(sizeof(typename Tile::Element));

  int line = static_cast<int>(threadIdx.x) / chunks;
  int chunk = static_cast<int>(threadIdx.x) % chunks;

  __device__ __forceinline__ int place(int i) const {
    if constexpr (stride % 8 == 0)  // all its lines are swizzled alike
      return Factor::at(line, chunk * bytes) + i * (stride * Factor::pitch);
    else
      return Factor::at(line + i * stride, chunk * bytes);
  }
  __device__ __forceinline__ bool has(int i) const {
    return even || line + i * stride < Factor::lines;
  }
};

// matrix[row * row_stride + depth]
template <class Tile, int ROWS, int PACK>
struct DenseAlongDepth {
  using Element = typename Tile::Element;
  using Index = typename Tile::Index;
  using Factor = FactorTile<Element, ROWS, Tile::k, true, Tile::blocks>;
  using Lines = ThreadLines<Tile, Factor, Tile::k, PACK>;
  Lines lines;
  Copies<Element, PACK, Lines::each> copies;
  const Element* from;
  Index row_stride, rows_left, depth_left;

  __device__ __forceinline__ DenseAlongDepth(const Element* matrix, Index row_stride,
                                             Index first_row, Index rows, Index first_depth,
                                             Index depth)
      : row_stride(row_stride) {
    const Index row = first_row + lines.line, at = first_depth + lines.chunk * PACK;
    from = matrix + static_cast<int64>(row) * row_stride + at;
    rows_left = rows - row;
    depth_left = depth - at;
  }
  __device__ __forceinline__ void fetch(unsigned char* tile) {
#pragma unroll
    for (int i = 0; i < Lines::each; ++i)
      if (lines.has(i))
        copies.fetch(i, tile + lines.place(i),
                     from + static_cast<int64>(i * Lines::stride) * row_stride,
                     i * Lines::stride < rows_left && depth_left > 0);
    from += Tile::k;
    depth_left -= Tile::k;
  }
  __device__ __forceinline__ void put(unsigned char* tile) const {
#pragma unroll
    for (int i = 0; i < Lines::each; ++i)
      if (lines.has(i)) copies.put(i, tile + lines.place(i));
  }
};

// Offsets along the depth: linear, or those of a convolution's weights as the graph has them, where
// the depth counts taps and, within them, channels.
template <class Index>
struct LinearDepth {
  Index stride;
  __device__ __forceinline__ int64 operator()(Index depth) const {
    return static_cast<int64>(depth) * stride;
  }
};
template <class Index>
struct TapDepth {
  Index channels, taps;
  __device__ __forceinline__ int64 operator()(Index depth) const {
    return static_cast<int64>(depth % channels) * taps + depth / channels;
  }
};

// matrix[row * row_stride + offset(depth)]; packs are along the rows, whose stride is 1 then.
template <class Tile, int ROWS, int PACK, class Depth>
struct DenseAlongRows {
  using Element = typename Tile::Element;
  using Index = typename Tile::Index;
  using Factor = FactorTile<Element, ROWS, Tile::k, false, Tile::blocks>;
  using Lines = ThreadLines<Tile, Factor, ROWS, PACK>;
  Lines lines;
  Copies<Element, PACK, Lines::each> copies;
  const Element* from;
  Depth offset;
  Index at, depth;
  bool inside;

  __device__ __forceinline__ DenseAlongRows(const Element* matrix, Index row_stride, Depth offset,
                                            Index first_row, Index rows, Index first_depth,
                                            Index depth)
      : offset(offset), at(first_depth + lines.line), depth(depth) {
    const Index row = first_row + lines.chunk * PACK;
    from = matrix + static_cast<int64>(row) * row_stride;
    inside = row < rows;
  }
  __device__ __forceinline__ void fetch(unsigned char* tile) {
#pragma unroll
    for (int i = 0; i < Lines::each; ++i)
      if (lines.has(i))
        copies.fetch(i, tile + lines.place(i), from + offset(at + i * Lines::stride),
                     inside && at + i * Lines::stride < depth);
    at += Tile::k;
  }
  __device__ __forceinline__ void put(unsigned char* tile) const {
#pragma unroll
    for (int i = 0; i < Lines::each; ++i)
      if (lines.has(i)) copies.put(i, tile + lines.place(i));
  }
};
