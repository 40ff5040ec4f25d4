#include "backends/cpu/build/cost.h"

#include <algorithm>

#include "base/error.h"

namespace cermet::cpu {
namespace {

constexpr int64_t usual_size = 8;  // of a dimension that nothing is known about

SymbolValues profile_symbols(const Plan& plan) {
  SymbolValues symbols;
  if (plan.profiles.empty()) return symbols;
  for (size_t i = 0; i < plan.root.inputs.size(); ++i) {
    const ValueType& type = plan.buffer(plan.root.inputs[i]).type;
    for (const ProfileInput& input : plan.profiles[0].inputs) {
      if (input.name != plan.input_names[i] || !type.has_rank()) continue;
      for (size_t d = 0; d < type.dims->size() && d < input.opt.size(); ++d)
        if (const auto symbol = (*type.dims)[d].as_symbol()) symbols[*symbol] = input.opt[d];
    }
  }
  return symbols;
}

// Throws where the rank is unknown or the sizes contradict each other.
Shape typical_shape(const ValueType& type, SymbolValues& symbols) {
  require(type.has_rank(), ErrorCode::unsupported, "the rank is unknown");
  Shape shape;
  for (const Dim& dim : *type.dims) {
    std::set<std::string> needed;
    dim.collect_symbols(needed);
    for (const std::string& symbol : needed) symbols.emplace(symbol, usual_size);
    shape.push_back(dim.evaluate(symbols));
    require(shape.back() >= 0, ErrorCode::out_of_range, "sizes of {} are no typical ones: {} is {}",
            usual_size, dim.to_string(), shape.back());
  }
  return shape;
}

std::vector<std::optional<Shape>> typical_shapes(const Plan& plan, const std::vector<BufferId>& ids,
                                                 SymbolValues& symbols) {
  std::vector<std::optional<Shape>> shapes;
  for (BufferId id : ids)
    shapes.push_back(id == no_buffer ? std::nullopt
                                     : std::optional(typical_shape(plan.buffer(id).type, symbols)));
  return shapes;
}

// Multiplications and additions for one element of the result.
double operations_per_element(const Problem& problem, const TypicalShapes& shapes) {
  switch (problem.kind) {
    case ProblemKind::convolution: {
      const Shape& weights = *shapes.inputs[1];
      return 2.0 * static_cast<double>(element_count(weights)) /
             static_cast<double>(std::max<int64_t>(1, weights[0]));
    }
    case ProblemKind::matmul: {
      const Shape& left = *shapes.inputs[0];
      const bool turned = problem.attributes.integer("transA", 0) != 0;
      return 2.0 * static_cast<double>(turned ? left.front() : left.back());
    }
    default:
      return 4;
  }
}

double bytes_of(const Plan& plan, const std::vector<BufferId>& ids,
                const std::vector<std::optional<Shape>>& shapes) {
  double bytes = 0;
  for (size_t i = 0; i < ids.size(); ++i)
    if (shapes[i])
      bytes += static_cast<double>(
          byte_size(plan.buffer(ids[i]).type.element, element_count(*shapes[i])));
  return bytes;
}

}  // namespace

std::optional<TypicalShapes> typical_shapes(const Plan& plan, const Step& step) {
  SymbolValues symbols = profile_symbols(plan);
  try {
    return TypicalShapes{typical_shapes(plan, step.inputs, symbols),
                         typical_shapes(plan, step.outputs, symbols)};
  } catch (const Error&) {
    return std::nullopt;
  }
}

double estimate_us(const TacticQuery& query, const CoreSpeed& speed) {
  const auto shapes = typical_shapes(*query.plan, *query.step);
  if (!shapes || shapes->outputs.empty() || !shapes->outputs[0]) return -1;
  const double bytes = bytes_of(*query.plan, query.step->inputs, shapes->inputs) +
                       bytes_of(*query.plan, query.step->outputs, shapes->outputs);
  const double operations = static_cast<double>(element_count(*shapes->outputs[0])) *
                            operations_per_element(query.problem(), *shapes);
  return std::max(operations / speed.operations, bytes / speed.bytes) / std::max(1, query.threads);
}

}  // namespace cermet::cpu
