#include "expr/relayout.h"

#include <cstring>

#include "base/error.h"

namespace cermet {

Tensor relayout(const Tensor& tensor, const Layout& from, const Layout& to) {
  if (from == to) return tensor;
  for (const Layout& layout : {from, to})
    require(layout.block_axis < 0, ErrorCode::unsupported, "the layout {}", layout.to_string());
  const int bits = bit_width(tensor.type());
  require(bits >= 8, ErrorCode::unsupported, "elements of type {} under a layout",
          name(tensor.type()));
  const size_t width = static_cast<size_t>(bits) / 8;
  Tensor result(tensor.type(), tensor.shape());
  const Shape& shape = tensor.shape();
  const std::vector<int64_t> read = strides(shape, from), write = strides(shape, to);
  std::vector<int64_t> index(shape.size(), 0);
  const auto* source = static_cast<const std::byte*>(tensor.data());
  auto* target = static_cast<std::byte*>(result.view().data);
  int64_t at_source = 0, at_target = 0;
  for (int64_t i = 0, n = tensor.elements(); i < n; ++i) {
    std::memcpy(target + at_target * static_cast<int64_t>(width),
                source + at_source * static_cast<int64_t>(width), width);
    for (size_t d = shape.size(); d-- > 0;) {
      at_source += read[d];
      at_target += write[d];
      if (++index[d] < shape[d]) break;
      at_source -= read[d] * shape[d];
      at_target -= write[d] * shape[d];
      index[d] = 0;
    }
  }
  return result;
}

}  // namespace cermet
