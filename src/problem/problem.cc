#include "problem/problem.h"

#include <array>

#include "base/error.h"

namespace cermet {
namespace {

constexpr std::array<std::pair<ProblemKind, std::string_view>, 19> kind_names{{
    {ProblemKind::reference, "reference"},
    {ProblemKind::pointwise, "pointwise"},
    {ProblemKind::convolution, "convolution"},
    {ProblemKind::matmul, "matmul"},
    {ProblemKind::pooling, "pooling"},
    {ProblemKind::reduction, "reduction"},
    {ProblemKind::softmax, "softmax"},
    {ProblemKind::normalization, "normalization"},
    {ProblemKind::attention, "attention"},
    {ProblemKind::resample, "resample"},
    {ProblemKind::movement, "movement"},
    {ProblemKind::view, "view"},
    {ProblemKind::reorder, "reorder"},
    {ProblemKind::copy, "copy"},
    {ProblemKind::dims, "dims"},
    {ProblemKind::branch, "branch"},
    {ProblemKind::loop, "loop"},
    {ProblemKind::scan, "scan"},
    {ProblemKind::custom, "custom"},
}};

std::string operands_text(const std::vector<std::optional<Operand>>& operands) {
  std::string text;
  for (const auto& operand : operands) {
    if (!text.empty()) text += ", ";
    text += operand ? operand->to_string() : "-";
  }
  return text;
}

}  // namespace

std::string_view name(ProblemKind kind) {
  for (const auto& [candidate, text] : kind_names)
    if (candidate == kind) return text;
  return "unknown";
}

std::optional<ProblemKind> problem_kind_from_name(std::string_view name) {
  for (const auto& [kind, text] : kind_names)
    if (text == name) return kind;
  return std::nullopt;
}

bool needs_kernel(ProblemKind kind) {
  switch (kind) {
    case ProblemKind::view:
    case ProblemKind::copy:
    case ProblemKind::dims:
    case ProblemKind::branch:
    case ProblemKind::loop:
    case ProblemKind::scan:
      return false;
    default:
      return true;
  }
}

std::string Operand::to_string() const {
  std::string text = type.to_string();
  if (!layout.is_row_major()) text += ":" + layout.to_string();
  if (constant) text += " constant";
  return text;
}

std::string Problem::to_string() const {
  std::string text = fmt::format("{} {}{}({})", name(kind), domain.empty() ? "" : domain + ".", op,
                                 operands_text(inputs));
  if (!attributes.all().empty()) text += " " + attributes.to_string();
  if (!dims.empty()) text += " " + cermet::to_string(dims);
  if (kind == ProblemKind::pointwise) text += " [" + expression.to_string() + "]";
  if (has_epilogue())
    text += fmt::format(" epilogue from {} [{}]", epilogue_first, expression.to_string());
  return text + " -> " + operands_text(outputs);
}

}  // namespace cermet
