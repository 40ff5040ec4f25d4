#include "backends/cuda/build/operand_memory.h"

#include <numeric>

namespace cermet::cuda {

std::vector<size_t> memory_order(const Layout& layout, size_t rank) {
  std::vector<size_t> order(rank);
  std::iota(order.begin(), order.end(), 0);
  for (size_t k = 0; k < layout.order.size() && k < rank; ++k)
    order[k] = static_cast<uint8_t>(layout.order[k]);
  return order;
}

Dims strides_of(const Dims& dims, const Layout& layout) {
  Dims strides(dims.size());
  Dim stride = 1;
  const std::vector<size_t> order = memory_order(layout, dims.size());
  for (size_t k = dims.size(); k-- > 0;) {
    if (layout.pitch != 0 && k + 1 + static_cast<size_t>(layout.row_dims) == dims.size())
      stride = layout.pitch;
    strides[order[k]] = stride;
    stride = stride * dims[order[k]];
  }
  return strides;
}

size_t axis_of(int64_t axis, size_t rank) {
  return static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(rank) : axis);
}

bool has_input(const Problem& problem, size_t i) {
  return i < problem.inputs.size() && problem.inputs[i].has_value();
}

}  // namespace cermet::cuda
