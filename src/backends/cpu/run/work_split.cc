#include "backends/cpu/run/work_split.h"

namespace cermet::cpu {

std::vector<std::optional<Placed>> placed_operands(std::span<const std::optional<Operand>> operands,
                                                   std::span<const std::optional<Shape>> shapes) {
  std::vector<std::optional<Placed>> placed;
  for (size_t i = 0; i < operands.size(); ++i) {
    placed.emplace_back();
    if (operands[i] && shapes[i]) placed.back() = Placed{*shapes[i], operands[i]->layout};
  }
  return placed;
}

std::vector<Placed> placed_results(std::span<const std::optional<Operand>> operands,
                                   std::span<const std::optional<Shape>> shapes) {
  std::vector<Placed> placed;
  for (size_t i = 0; i < operands.size(); ++i) {
    require(operands[i] && shapes[i], ErrorCode::internal, "result {} is absent", i);
    placed.push_back({*shapes[i], operands[i]->layout});
  }
  return placed;
}

}  // namespace cermet::cpu
