// How far numbers may be off that were computed in another order.
#pragma once

#include <cstdint>

#include "cermet/tensor.h"

namespace cermet {

// Of the largest of a tensor's numbers: what the kernels' rounding may change where one of them is
// a sum of `summands` products (0: no sum). The type is the result's; 0 for integers.
double rounding_error(ElementType type, int64_t summands);

// Moves each number of a float tensor by a part of that by chance, in the opposite direction where
// `direction` is -1 instead of +1.
void shake_rounding(const TensorView& tensor, int64_t summands, uint64_t seed, int direction);

}  // namespace cermet
