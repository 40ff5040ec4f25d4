// Runs the kernel of a step by itself.
#pragma once

#include <optional>
#include <vector>

#include "tactics/typical_shapes.h"

namespace cermet::cpu {

// The results of the plan's only step, each in its buffer's layout. `inputs` are row-major; those
// that are constants of the plan are not looked at. Throws Error, code unsupported for sequences
// and blocked layouts, else what the kernel throws.
std::vector<std::optional<Tensor>> run_step(const Plan& plan,
                                            const std::vector<std::optional<Tensor>>& inputs,
                                            const TypicalShapes& shapes, int threads);

}  // namespace cermet::cpu
