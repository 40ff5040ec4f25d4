#include "ops/convolution/window_taps.ref.h"

#include <algorithm>

#include "base/error.h"
#include "ops/evaluate.ref.h"

namespace cermet {
namespace {

constexpr int64_t most_taps = int64_t{1} << 26;

// Coordinates in row-major order from element `number` on.
class Counter {
 public:
  Counter(const Shape& shape, int64_t number) : shape_(shape), index_(shape.size()) {
    for (size_t d = shape.size(); d-- > 0; number /= shape[d]) index_[d] = number % shape[d];
  }

  const std::vector<int64_t>& index() const { return index_; }
  void advance() {
    for (size_t d = shape_.size(); d-- > 0; index_[d] = 0)
      if (++index_[d] < shape_[d]) return;
  }

 private:
  const Shape& shape_;
  std::vector<int64_t> index_;
};

}  // namespace

WindowGeometry WindowGeometry::of(const Window& window, const Shape& image,
                                  const Shape& positions) {
  WindowGeometry result{image,          positions,        constants(window.kernel),
                        window.strides, window.dilations, {}};
  for (size_t d = 0; d < image.size(); ++d)
    result.pads_begin.push_back(window.padding(image[d], d).begin.constant());
  return result;
}

WindowGeometry WindowGeometry::padded(const std::vector<int64_t>& pads_end) const {
  WindowGeometry result = *this;
  for (size_t d = 0; d < image.size(); ++d) {
    result.image[d] += pads_begin[d] + pads_end[d];
    result.pads_begin[d] = 0;
  }
  return result;
}

void locate_taps(const WindowGeometry& geometry, int64_t first, int64_t count,
                 std::vector<int64_t>& offsets) {
  const size_t rank = geometry.image.size();
  require(geometry.taps() <= most_taps, ErrorCode::unsupported,
          "expected a window of at most {} elements, got {}", most_taps,
          to_string(geometry.kernel));
  const std::vector<int64_t> image_strides = row_major_strides(geometry.image);
  offsets.assign(static_cast<size_t>(geometry.taps() * count), -1);
  Counter tap(geometry.kernel, 0);
  for (int64_t t = 0; t < geometry.taps(); ++t, tap.advance()) {
    Counter position(geometry.positions, first);
    for (int64_t i = 0; i < count; ++i, position.advance()) {
      int64_t offset = 0;
      bool inside = true;
      for (size_t d = 0; d < rank && inside; ++d) {
        const int64_t x = position.index()[d] * geometry.strides[d] +
                          tap.index()[d] * geometry.dilations[d] - geometry.pads_begin[d];
        inside = x >= 0 && x < geometry.image[d];
        offset += x * image_strides[d];
      }
      if (inside) offsets[t * count + i] = offset;
    }
  }
}

}  // namespace cermet
