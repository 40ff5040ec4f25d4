// What control flow hands on: the same value in the step's inputs, in what its bodies get and give,
// and in its results.
#pragma once

#include <optional>
#include <vector>

#include "plan/plan.h"

namespace cermet {

// Indices into the step's inputs, the inputs and outputs of each of its regions, and the step's
// outputs; nothing where the value is not there.
struct HandedValue {
  std::optional<size_t> input, region_input, region_output, output;
  // The host reads or makes it: conditions and counts.
  bool is_hosts = true;
  // Along which axis a scan cuts its input into slices or puts them together; nothing where it is
  // handed on as a whole.
  std::optional<int64_t> axis = std::nullopt;
};

// Of a branch, loop or scan; what its regions read from outside by themselves is not among them.
// Indices may lie outside of a step that is not well-formed.
std::vector<HandedValue> handed_values(const Step& step);

}  // namespace cermet
