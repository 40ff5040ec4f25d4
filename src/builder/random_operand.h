// Numbers to try a step on.
#pragma once

#include "builder/original_values.h"

namespace cermet {

// Seeded elements for a value of the model that suit the operators which read it: positive ones for
// square roots and logarithms, indices within range, divisors that are not near 0. Those of float32
// are numbers of the type `narrow`, if there is one.
Tensor random_operand(const OriginalGraph& original, ValueId value, const Shape& shape,
                      OriginalValues& values, uint64_t seed,
                      ElementType narrow = ElementType::undefined);

}  // namespace cermet
