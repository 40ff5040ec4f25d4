// Builds that compute in 16 bits what the model computes in float32.
#pragma once

#include "cermet/builder.h"

namespace cermet {

// The type of 16 bits; undefined where the model's own types stay.
ElementType narrow_type(Precision precision);

// Throws unsupported for 16 bits on a device that has no kernels for them, invalid_argument for a
// precision that does not exist.
void check_precision(const BuildOptions& options, bool uses_device);

// For tests: while one lives, builds for the CPU may be in 16 bits, on reference kernels.
class LetCpuTake16Bits {
 public:
  LetCpuTake16Bits();
  ~LetCpuTake16Bits();
  LetCpuTake16Bits(const LetCpuTake16Bits&) = delete;
  LetCpuTake16Bits& operator=(const LetCpuTake16Bits&) = delete;
};

}  // namespace cermet
