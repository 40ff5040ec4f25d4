// Loaders of a convolution's image: row `row` of the factor is a position of the window, its depth
// counts taps (KD x KH x KW, the last one fastest) and, within a tap, channels.

// By spatial dimension: depth, height, width. Strides are in elements. FILLS: elements around the
// image are those of the word `outside`, else zeros. WHOLE: no window reaches beyond the image.
template <class Index_, int KD, int KH, int KW, bool FILLS, bool WHOLE>
struct Image {
  using Index = Index_;
  static constexpr bool fills = FILLS, whole = WHOLE;
  static constexpr int kd = KD, kh = KH, kw = KW, taps = KD * KH * KW;
  Index positions[3], sizes[3], steps[3], gaps[3], padding[3], strides[3];
  Index item_stride, channel_stride, channels;
  unsigned outside;

  __device__ __forceinline__ Index tap_offset(int tap) const {
    return tap / (KH * KW) * gaps[0] * strides[0] + tap / KW % KH * gaps[1] * strides[1] +
           tap % KW * gaps[2] * strides[2];
  }
};

// The window at one position: where its first tap lies, and which taps lie in the image.
template <class Image>
struct WindowPlace {
  using Index = typename Image::Index;
  static constexpr bool masked = !Image::whole && Image::taps <= 64;
  Index offset = 0;
  uint64 mask = 0;  // masked: by tap; whole images: 1 for a position of the result
  Index begin[3];   // else: coordinates of the first tap

  __device__ __forceinline__ WindowPlace() = default;
  __device__ __forceinline__ void set(const Image& image, Index row) {
    Index rest = row;
#pragma unroll
    for (int d = 2; d >= 0; --d) {
      begin[d] = rest % image.positions[d] * image.steps[d] - image.padding[d];
      rest /= image.positions[d];
      offset += begin[d] * image.strides[d];
    }
    offset += rest * image.item_stride;
    if constexpr (Image::whole) mask = 1;
    if constexpr (!masked) return;
    const unsigned planes = along<Image::kd>(image, 0), lines = along<Image::kh>(image, 1);
    const uint64 columns = along<Image::kw>(image, 2);
#pragma unroll
    for (int i = 0; i < Image::kd * Image::kh; ++i)
      if ((planes >> (i / Image::kh) & lines >> (i % Image::kh) & 1) != 0)
        mask |= columns << (i * Image::kw);
  }
  // The position lies outside the result.
  __device__ __forceinline__ void set_outside() {
    begin[0] = begin[1] = begin[2] = -(static_cast<Index>(1) << (sizeof(Index) * 8 - 2));
  }
  __device__ __forceinline__ bool sees(const Image& image, int tap) const {
    if constexpr (Image::whole) {
      return mask != 0;
    } else if constexpr (masked) {
      if constexpr (Image::taps <= 32)
        return (static_cast<unsigned>(mask) >> tap & 1) != 0;
      else
        return (mask >> tap & 1) != 0;
    } else {
      return is_in(image, 0, tap / (Image::kh * Image::kw)) &&
             is_in(image, 1, tap / Image::kw % Image::kh) && is_in(image, 2, tap % Image::kw);
    }
  }

 private:
  __device__ __forceinline__ bool is_in(const Image& image, int d, int tap) const {
    const Index at = begin[d] + tap * image.gaps[d];
    return at >= 0 && at < image.sizes[d];
  }
  template <int TAPS>
  __device__ __forceinline__ uint64 along(const Image& image, int d) const {
    uint64 bits = 0;
#pragma unroll
    for (int tap = 0; tap < TAPS; ++tap) bits |= static_cast<uint64>(is_in(image, d, tap)) << tap;
    return bits;
  }
};

// Channels lie side by side; PACK divides them.
template <class Tile, int ROWS, int PACK, class Image>
struct ImageAlongDepth {
  using Element = typename Tile::Element;
  using Index = typename Tile::Index;
  using Factor = FactorTile<Element, ROWS, Tile::k, true, Tile::blocks>;
  using Lines = ThreadLines<Tile, Factor, Tile::k, PACK>;
  Lines lines;
  Copies<Element, PACK, Lines::each> copies;
  WindowPlace<Image> windows[Lines::each];
  const Element* from;
  Image image;
  int tap;
  Index channel;

  __device__ __forceinline__ ImageAlongDepth(const Element* items, const Image& image,
                                             Index first_row, Index rows, Index first_depth)
      : from(items), image(image) {
#pragma unroll
    for (int i = 0; i < Lines::each; ++i) {
      const Index row = first_row + lines.line + i * Lines::stride;
      if (row < rows)
        windows[i].set(image, row);
      else
        windows[i].set_outside();
    }
    const Index at = first_depth + lines.chunk * PACK;
    tap = static_cast<int>(at / image.channels);
    channel = at % image.channels;
  }
  __device__ __forceinline__ void fetch(unsigned char* tile) {
    const Index offset = image.tap_offset(tap) + channel;
    const bool inside = tap < Image::taps;
    const int shown = inside ? tap : 0;
#pragma unroll
    for (int i = 0; i < Lines::each; ++i) {
      if (!lines.has(i)) continue;
      const bool seen = windows[i].sees(image, shown);
      if constexpr (Image::fills) {
        if (inside && !seen) {
          copies.fill(i, tile + lines.place(i), image.outside);
          continue;
        }
      }
      copies.fetch(i, tile + lines.place(i), from + (windows[i].offset + offset), inside && seen);
    }
    channel += Tile::k;
    while (channel >= image.channels) {
      channel -= image.channels;
      ++tap;
      if (tap >= Image::taps) break;
    }
  }
  __device__ __forceinline__ void put(unsigned char* tile) const {
#pragma unroll
    for (int i = 0; i < Lines::each; ++i)
      if (lines.has(i)) copies.put(i, tile + lines.place(i));
  }
};

// Elements one by one, whatever the strides: neighbouring threads take neighbouring positions.
template <class Tile, int ROWS, class Image>
struct ImageAlongRows {
  using Element = typename Tile::Element;
  using Index = typename Tile::Index;
  using Factor = FactorTile<Element, ROWS, Tile::k, false, Tile::blocks>;
  using Lines = ThreadLines<Tile, Factor, ROWS, 1>;
  Lines lines;
  Copies<Element, 1, Lines::each> copies;
  WindowPlace<Image> window;
  const Element* from;
  Image image;
  Index at;

  __device__ __forceinline__ ImageAlongRows(const Element* items, const Image& image,
                                            Index first_row, Index rows, Index first_depth)
      : from(items), image(image), at(first_depth + lines.line) {
    const Index row = first_row + lines.chunk;
    if (row < rows)
      window.set(image, row);
    else
      window.set_outside();
  }
  __device__ __forceinline__ void fetch(unsigned char* tile) {
#pragma unroll
    for (int i = 0; i < Lines::each; ++i) {
      if (!lines.has(i)) continue;
      const Index depth = at + i * Lines::stride;
      const bool inside = depth < image.channels * Image::taps;
      const int tap = inside ? static_cast<int>(depth / image.channels) : 0;
      const Index channel = depth % image.channels;
      const bool seen = window.sees(image, tap);
      if constexpr (Image::fills) {
        if (inside && !seen) {
          copies.fill(i, tile + lines.place(i), image.outside);
          continue;
        }
      }
      copies.fetch(i, tile + lines.place(i),
                   from + (window.offset + image.tap_offset(tap) + channel * image.channel_stride),
                   inside && seen);
    }
    at += Tile::k;
  }
  __device__ __forceinline__ void put(unsigned char* tile) const {
#pragma unroll
    for (int i = 0; i < Lines::each; ++i)
      if (lines.has(i)) copies.put(i, tile + lines.place(i));
  }
};
