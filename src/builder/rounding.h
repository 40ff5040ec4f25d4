// How far numbers may be off that were computed in another order.
#pragma once

#include <cstdint>

#include "cermet/tensor.h"

namespace cermet {

// How a kernel rounds.
struct KernelRounding {
  ElementType type = ElementType::undefined;  // of the result
  int64_t summands = 0;                       // of which a number is the sum; 0: no sum
  bool tf32 = false;                          // factors of float32 may be rounded to TF32
};

// Of the largest of a tensor's numbers: what the kernels' rounding may change. 0 for integers.
double rounding_error(const KernelRounding& rounding);

// What the smallest numbers of the type may be off: float16 has few digits for those below 2^-14.
double smallest_error(ElementType type);

// Moves each number of a float tensor by a part of that by chance, in the opposite direction where
// `direction` is -1 instead of +1. `type` is the one to which the numbers are rounded.
void shake_rounding(const TensorView& tensor, ElementType type, int64_t summands, uint64_t seed,
                    int direction);

// The numbers in a plan's type.
Tensor in_type(Tensor tensor, ElementType type);
// Numbers of float32 as near to them that the narrow type has too; undefined: as they are.
Tensor rounded(Tensor tensor, ElementType narrow);

}  // namespace cermet
