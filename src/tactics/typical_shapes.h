// The sizes for which kernels are chosen.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "plan/plan.h"

namespace cermet {

// Shapes of a step's operands at the first profile's opt; sizes that no profile names
// count as 8, or more where 8 would leave nothing to compute.
struct TypicalShapes {
  std::vector<std::optional<Shape>> inputs, outputs;  // nothing where the operand is absent
  SymbolValues symbols;                               // of the profile, and those that occur
};
// Nothing when a rank is unknown or no such sizes are found.
std::optional<TypicalShapes> typical_shapes(const Plan& plan, const Step& step);
// The same for a problem of no plan; `named` are the sizes that a profile names.
std::optional<TypicalShapes> typical_shapes(const Problem& problem, const SymbolValues& named);
// The same where some sizes are known: the others count as the first of `sizes` that leaves no
// operand without elements.
std::optional<TypicalShapes> typical_shapes(const Plan& plan, const Step& step,
                                            const SymbolValues& known,
                                            std::span<const int64_t> sizes);
// The sizes that the first profile's opt names.
SymbolValues profile_symbols(const Plan& plan);

// Of a dimension that nothing is known about. A step behind windows and strides may need a large
// one.
inline constexpr std::array<int64_t, 5> usual_sizes{8, 64, 512, 4096, 32768};

}  // namespace cermet
