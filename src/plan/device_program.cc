#include "plan/device_program.h"

#include <fmt/format.h>

namespace cermet {

Dim operand_size(bool output, size_t operand, size_t dimension) {
  return Dim::symbol(fmt::format("{}{}.{}", output ? "out" : "in", operand, dimension));
}

SymbolValues operand_sizes(std::span<const std::optional<Shape>> inputs,
                           std::span<const std::optional<Shape>> outputs) {
  SymbolValues values;
  const auto add = [&](bool output, std::span<const std::optional<Shape>> operands) {
    for (size_t i = 0; i < operands.size(); ++i)
      for (size_t d = 0; operands[i] && d < operands[i]->size(); ++d)
        values[*operand_size(output, i, d).as_symbol()] = (*operands[i])[d];
  };
  add(false, inputs);
  add(true, outputs);
  return values;
}

}  // namespace cermet
