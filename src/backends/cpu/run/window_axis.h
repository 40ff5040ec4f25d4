// A sliding window along one spatial dimension: what convolutions and pools read alike.
#pragma once

#include <algorithm>

#include "ops/convolution/window.attrs.h"

namespace cermet::cpu {

struct WindowAxis {
  int64_t input = 1, output = 1, kernel = 1, stride = 1, dilation = 1;
  int64_t pad = 0, pad_end = 0;  // before and behind the image

  // Elements of the window at `position` that lie inside: [first, last).
  int64_t first(int64_t position) const { return elements_before(pad - position * stride); }
  int64_t last(int64_t position) const { return elements_before(input + pad - position * stride); }
  // How many of them lie in the image or its padding.
  int64_t padded_count(int64_t position) const {
    return elements_before(pad + input + pad_end - position * stride);
  }
  // How many elements of the window lie in front of a place that is `distance` behind its start.
  int64_t elements_before(int64_t distance) const {
    return distance <= 0 ? 0 : std::min(kernel, (distance + dilation - 1) / dilation);
  }
  // Where the window's element `index` lies.
  int64_t place(int64_t position, int64_t index) const {
    return position * stride + index * dilation - pad;
  }
};

// Dimension d of images of the shapes x and y, [batch, channels, sizes...].
WindowAxis window_axis(const Window& window, const Shape& x, const Shape& y, size_t d);

}  // namespace cermet::cpu
