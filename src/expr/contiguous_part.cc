#include "expr/contiguous_part.h"

namespace cermet {

std::optional<Dim> contiguous_part(const Dims& whole, const Dims& part, const Dims& start,
                                   const Layout& layout) {
  const size_t rank = whole.size();
  if (!layout.is_dense() || part.size() != rank || start.size() != rank) return std::nullopt;
  if (!layout.order.empty() && layout.order.size() != rank) return std::nullopt;
  const auto dimension = [&](size_t i) { return layout.order.empty() ? i : layout.order[i]; };
  Dim offset, stride = 1;
  bool all_whole = true;  // of the dimensions that move faster
  for (size_t i = rank; i-- > 0;) {
    const size_t d = dimension(i);
    if (!all_whole && !part[d].is_constant(1)) return std::nullopt;
    all_whole = all_whole && part[d] == whole[d];
    offset = offset + start[d] * stride;
    stride = stride * whole[d];
  }
  return offset;
}

}  // namespace cermet
