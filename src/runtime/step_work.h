// How much arithmetic and traffic a step stands for; docs/report.md says how they are counted.
#pragma once

#include <optional>
#include <vector>

#include "plan/plan.h"

namespace cermet {

using BufferShapes = std::vector<std::optional<Shape>>;  // by buffer

// A multiplication with addition counts as two. Nothing where the count is not known.
std::optional<double> operations_of(const Step& step, const BufferShapes& shapes);

// Where it multiplies, the type of its first factor; else the widest of the floats among operands
// and results, and where there are none the type of the first operand that is there.
ElementType arithmetic_of(const Step& step);
// Whether it is a product, a convolution or attention.
bool multiplies(const Step& step);

// Bytes of operands and results, each once, of what is gathered or sliced those that are read;
// nothing where a size is not known.
std::optional<double> bytes_of(const Plan& plan, const Step& step, const BufferShapes& shapes);

}  // namespace cermet
