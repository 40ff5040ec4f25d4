// How much arithmetic and traffic a step stands for; docs/report.md says how they are counted.
#pragma once

#include <optional>
#include <vector>

#include "plan/plan.h"

namespace cermet {

using BufferShapes = std::vector<std::optional<Shape>>;  // by buffer

// A multiplication with addition counts as two. Nothing where the count is not known.
std::optional<double> operations_of(const Step& step, const BufferShapes& shapes);

// Bytes of operands and results, each once; nothing where a size is not known.
std::optional<double> bytes_of(const Plan& plan, const Step& step, const BufferShapes& shapes);

}  // namespace cermet
