#include "backends/cpu/run/bounds.h"

#include <span>

#include "backends/cpu/run/epilogue.h"

namespace cermet::cpu {

namespace {

std::optional<Bounds> bounds_of(const ChainLink& link) {
  if (link.kind != ChainLink::Kind::function) return std::nullopt;
  if (link.function == ChainFunction::relu && link.a == 0)
    return Bounds{0, std::numeric_limits<float>::infinity()};
  if (link.function != ChainFunction::clip || link.a > link.b) return std::nullopt;
  return Bounds{static_cast<float>(link.a), static_cast<float>(link.b)};
}

bool is_like_result(const std::optional<Operand>& operand, const Operand& result) {
  return operand && operand->type == result.type && operand->layout == result.layout;
}

}  // namespace

std::optional<BoundedSum> read_bounded_sum(const Problem& problem) {
  if (!problem.has_epilogue()) return BoundedSum{};
  const Chain chain = read_chain(problem.expression);
  if (!chain.found()) return std::nullopt;
  std::span<const ChainLink> links = chain.links;
  BoundedSum sum;
  if (!links.empty() && links[0].kind == ChainLink::Kind::add) {
    sum.added = problem.epilogue_first + static_cast<size_t>(links[0].operand) - 1;
    if (!is_like_result(problem.inputs.at(*sum.added), *problem.outputs.at(0))) return std::nullopt;
    links = links.subspan(1);
  }
  if (links.empty()) return sum;
  const auto bounds = bounds_of(links[0]);
  if (links.size() > 1 || !bounds) return std::nullopt;
  sum.bounds = *bounds;
  return sum;
}

}  // namespace cermet::cpu
