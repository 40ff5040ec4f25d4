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
  std::vector<ConstantPlace> places;  // by constant; those of equal contents share one
  // One after the other: the section of weights, padding included. They view the plan's tensors.
  std::vector<std::span<const std::byte>> weights;
  uint64_t weight_bytes = 0;
  std::string strings;  // the section
};

PlacedConstants place_constants(const std::vector<PlanConstant>& constants);

}  // namespace cermet
