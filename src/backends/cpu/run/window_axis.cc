#include "backends/cpu/run/window_axis.h"

namespace cermet::cpu {

WindowAxis window_axis(const Window& window, const Shape& x, const Shape& y, size_t d) {
  const Padding padding = window.padding(x[d + 2], d);
  return {x[d + 2],
          y[d + 2],
          window.kernel[d].constant(),
          window.strides[d],
          window.dilations[d],
          padding.begin.constant(),
          padding.end.constant()};
}

}  // namespace cermet::cpu
