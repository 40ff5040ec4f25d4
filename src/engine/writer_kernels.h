// Where an engine file has the machine code of its kernels.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plan/plan.h"

namespace cermet {

struct PlacedKernels {
  std::vector<std::vector<uint64_t>> offsets;  // in the section of kernels, by module and image
  // One after the other: the section, padding included. They view the plan's images.
  std::vector<std::span<const std::byte>> pieces;
};

PlacedKernels place_kernels(const std::vector<DeviceModule>& modules);

}  // namespace cermet
