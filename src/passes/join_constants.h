// Constants side by side.
#pragma once

#include <vector>

#include "cermet/tensor.h"

namespace cermet {

// The tensors one after another along dimension `axis`; their other sizes and their types are
// equal, their elements whole bytes.
Tensor joined_along(const std::vector<Tensor>& tensors, size_t axis);

// A constant of one element or `size` as a vector of `size` elements.
Tensor as_vector(const Tensor& constant, int64_t size);

}  // namespace cermet
