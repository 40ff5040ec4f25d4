// Where the taps of a sliding window fall in an image: the index arithmetic of every windowed
// reference kernel, for any number of spatial dimensions.
#pragma once

#include <cstdint>
#include <vector>

#include "cermet/tensor.h"
#include "ops/convolution/window.attrs.h"

namespace cermet {

// Concrete sizes; every list has one entry per spatial dimension.
struct WindowGeometry {
  Shape image;      // what the window reads (or scatters to)
  Shape positions;  // places that it takes
  Shape kernel;
  std::vector<int64_t> strides;
  std::vector<int64_t> dilations;
  std::vector<int64_t> pads_begin;

  // The window over an image of concrete sizes; requires constant kernel sizes.
  static WindowGeometry of(const Window& window, const Shape& image, const Shape& positions);
  // The same windows over the image with its padding made part of it.
  WindowGeometry padded(const std::vector<int64_t>& pads_end) const;

  int64_t taps() const { return element_count(kernel); }
};

// Element offsets within one image of the taps at positions [first, first + count):
// offsets[tap * count + i], -1 where the tap is outside of the image. Positions and taps are
// numbered in row-major order.
void locate_taps(const WindowGeometry& geometry, int64_t first, int64_t count,
                 std::vector<int64_t>& offsets);

// Calls f(first, count, offsets) for runs of at most `run` positions that cover all of them.
template <class F>
void for_each_run(const WindowGeometry& geometry, int64_t run, F&& f) {
  std::vector<int64_t> offsets;
  const int64_t positions = element_count(geometry.positions);
  for (int64_t first = 0; first < positions; first += run) {
    const int64_t count = std::min(run, positions - first);
    locate_taps(geometry, first, count, offsets);
    f(first, count, static_cast<const std::vector<int64_t>&>(offsets));
  }
}

}  // namespace cermet
