// Made-up inputs: the same seed gives the same values on every machine.
#pragma once

#include <cstdint>

#include "cermet/tensor.h"

namespace cermet::tools {

// Floats are near a normal distribution of mean 0 and variance 1, cut at 3; integers are 0 to 99,
// or to 1 for types of 2 bits and to 7 for those of 4; texts are short words. Throws
// invalid_argument for types without values.
Tensor random_tensor(ElementType type, const Shape& shape, uint64_t seed);

}  // namespace cermet::tools
