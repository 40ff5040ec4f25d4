#include "backends/cpu/run/bounds.h"

#include "backends/cpu/run/epilogue.h"

namespace cermet::cpu {

std::optional<Bounds> read_bounds(const Problem& problem) {
  if (!problem.has_epilogue()) return Bounds{};
  const Chain chain = read_chain(problem.expression);
  if (!chain.found() || chain.links.size() != 1) return std::nullopt;
  const ChainLink& link = chain.links[0];
  if (link.kind != ChainLink::Kind::function) return std::nullopt;
  Bounds bounds;
  if (link.function == ChainFunction::relu && link.a == 0) {
    bounds.lowest = 0;
    return bounds;
  }
  if (link.function != ChainFunction::clip || link.a > link.b) return std::nullopt;
  return Bounds{static_cast<float>(link.a), static_cast<float>(link.b)};
}

}  // namespace cermet::cpu
