#include "backends/cpu/build/tactics.h"

#include <vector>

#include "backends/cpu/build/convolution_tactics.h"
#include "backends/cpu/build/onednn_tactics.h"
#include "backends/cpu/build/own_tactics.h"

namespace cermet::cpu {
namespace {

std::optional<std::string> rejects_reorder(const TacticQuery& query) {
  if (query.problem().kind != ProblemKind::reorder) return "changes layouts only";
  if (bit_width(query.problem().outputs[0]->type.element) < 8)
    return "elements of whole bytes only";
  return std::nullopt;
}

std::optional<std::string> rejects_layouts(const Problem& problem) {
  for (const auto* operands : {&problem.inputs, &problem.outputs})
    for (const auto& operand : *operands)
      if (operand && !operand->layout.is_row_major()) return "operands have to be row-major";
  return std::nullopt;
}

std::optional<std::string> rejects_custom(const TacticQuery& query) {
  if (query.problem().kind != ProblemKind::custom) return "runs operators of plugins only";
  return rejects_layouts(query.problem());
}

std::optional<std::string> rejects_reference(const TacticQuery& query) {
  if (query.problem().kind == ProblemKind::custom) return "the operator is a plugin's";
  return rejects_layouts(query.problem());
}

}  // namespace

std::span<const Tactic> tactics() {
  static const std::vector<Tactic> list = [] {
    const std::span<const Tactic> onednn = onednn_tactics();
    const std::span<const Tactic> preferred = preferred_own_tactics();
    std::vector<Tactic> all(preferred.begin(), preferred.end());
    all.insert(all.end(), onednn.begin(), onednn.end());
    const std::span<const Tactic> own = own_tactics();
    all.insert(all.end(), own.begin(), own.end());
    const std::span<const Tactic> convolutions = own_convolution_tactics();
    all.insert(all.end(), convolutions.begin(), convolutions.end());
    Tactic reorder;
    reorder.name = "cpu.reorder";
    reorder.rejects = rejects_reorder;
    all.push_back(reorder);
    Tactic custom;
    custom.name = "cpu.custom";
    custom.rejects = rejects_custom;
    custom.dynamic = true;
    all.push_back(custom);
    Tactic reference;
    reference.name = "cpu.reference";
    reference.rejects = rejects_reference;
    reference.dynamic = true;
    all.push_back(reference);
    return all;
  }();
  return list;
}

}  // namespace cermet::cpu
