#include "expr/same_bytes.h"

namespace cermet {
namespace {

std::vector<int8_t> order_of(const Layout& layout, size_t rank) {
  if (!layout.order.empty()) return layout.order;
  std::vector<int8_t> order(rank);
  for (size_t d = 0; d < rank; ++d) order[d] = static_cast<int8_t>(d);
  return order;
}

// Rows follow each other, blocks aside, and `order` names each dimension once.
bool fits(const Layout& layout, size_t rank) {
  if (!layout.is_dense()) return false;
  std::vector<bool> named(rank, false);
  for (const int8_t d : order_of(layout, rank)) {
    if (d < 0 || static_cast<size_t>(d) >= rank || named[d]) return false;
    named[d] = true;
  }
  return layout.order.empty() || layout.order.size() == rank;
}

}  // namespace

bool same_bytes(const Dims& dims, const Layout& a, const Layout& b) {
  if (!fits(a, dims.size()) || !fits(b, dims.size())) return a == b;
  const auto moving = [&](const Layout& layout) {
    std::vector<int8_t> order = order_of(layout, dims.size());
    std::erase_if(order, [&](int8_t d) { return dims[d].is_constant(1); });
    return order;
  };
  return moving(a) == moving(b);
}

}  // namespace cermet
