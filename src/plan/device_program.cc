#include "plan/device_program.h"

#include <fmt/format.h>

#include <algorithm>

namespace cermet {

Dim operand_size(bool output, size_t operand, size_t dimension) {
  return Dim::symbol(fmt::format("{}{}.{}", output ? "out" : "in", operand, dimension));
}

std::string to_string(const KernelFault& fault) {
  switch (fault.kind) {
    case KernelFault::Kind::none:
      break;
    case KernelFault::Kind::index:
      return fmt::format("index {} is outside a dimension of {} elements", fault.value,
                         fault.bound);
    case KernelFault::Kind::length:
      return fmt::format("a sequence has length {}, expected 0 to {}", fault.value, fault.bound);
    case KernelFault::Kind::place:
      return fmt::format("an update that begins at {} does not fit into {} elements", fault.value,
                         fault.bound);
    case KernelFault::Kind::sizes:
      return fmt::format("there are {} indices along a dimension of {} elements", fault.bound,
                         fault.value);
    case KernelFault::Kind::region:
      return "a region has corners that are no numbers, or is too large";
    case KernelFault::Kind::empty:
      return fmt::format("{} elements are wanted of a dimension that has none", fault.bound);
  }
  return fmt::format("a kernel found data that contradict the model ({})",
                     static_cast<int64_t>(fault.kind));
}

bool DeviceProgram::can_find_faults() const {
  return std::any_of(launches.begin(), launches.end(), [](const Launch& launch) {
    return std::any_of(launch.arguments.begin(), launch.arguments.end(),
                       [](const LaunchArgument& argument) {
                         return argument.kind == LaunchArgument::Kind::fault;
                       });
  });
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
