// Where each constant lies in its section.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "plan/plan.h"

namespace cermet {

struct ConstantPlace {
  uint64_t offset = 0;  // in the section of strings or of weights, as the element type says
  uint64_t bytes = 0;
};

struct PlacedConstants {
  // By constant, those of the second plan behind the first one's; equal contents share one.
  std::vector<ConstantPlace> places;
  // One after the other: the section of weights, padding included. They view the plans' tensors.
  std::vector<std::span<const std::byte>> weights;
  uint64_t weight_bytes = 0;
  std::string strings;  // the section
};

// `second` may be nullptr.
PlacedConstants place_constants(const Plan& first, const Plan* second);

}  // namespace cermet
