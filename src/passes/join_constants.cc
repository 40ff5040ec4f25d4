#include "passes/join_constants.h"

#include <cstring>

namespace cermet {

Tensor joined_along(const std::vector<Tensor>& tensors, size_t axis) {
  Shape shape = tensors.front().shape();
  int64_t outer = 1;
  for (size_t d = 0; d < axis; ++d) outer *= shape[d];
  for (size_t i = 1; i < tensors.size(); ++i) shape[axis] += tensors[i].shape()[axis];
  Tensor result(tensors.front().type(), std::move(shape));
  auto* to = static_cast<std::byte*>(result.view().data);
  for (int64_t i = 0; i < outer; ++i)
    for (const Tensor& tensor : tensors) {
      const size_t run = tensor.bytes() / static_cast<size_t>(outer);
      std::memcpy(to, static_cast<const std::byte*>(tensor.data()) + static_cast<size_t>(i) * run,
                  run);
      to += run;
    }
  return result;
}

Tensor as_vector(const Tensor& constant, int64_t size) {
  if (constant.elements() == size) return constant.reshaped({size});
  return joined_along(std::vector<Tensor>(static_cast<size_t>(size), constant.reshaped({1})), 0);
}

}  // namespace cermet
