#include "backends/cpu/build/cost.h"

#include <algorithm>

namespace cermet::cpu {
namespace {

SymbolValues optimum_symbols(const Plan& plan) {
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

std::optional<Shape> shape_under(const ValueType& type, const SymbolValues& symbols) {
  if (!type.has_rank()) return std::nullopt;
  Shape shape;
  for (const Dim& dim : *type.dims) {
    const auto size = dim.try_evaluate(symbols);
    if (!size) return std::nullopt;
    shape.push_back(*size);
  }
  return shape;
}

// Multiplications and additions for one element of the result.
double operations_per_element(const Problem& problem, const std::vector<Shape>& inputs) {
  switch (problem.kind) {
    case ProblemKind::convolution: {
      const Shape& weights = inputs[1];
      return 2.0 * static_cast<double>(element_count(weights)) /
             static_cast<double>(std::max<int64_t>(1, weights[0]));
    }
    case ProblemKind::matmul: {
      const bool turned = problem.attributes.integer("transA", 0) != 0;
      return 2.0 * static_cast<double>(turned ? inputs[0].front() : inputs[0].back());
    }
    default:
      return 4;
  }
}

}  // namespace

std::optional<Shape> optimum_shape(const Plan& plan, BufferId id) {
  return shape_under(plan.buffer(id).type, optimum_symbols(plan));
}

double estimate_us(const TacticQuery& query, const CoreSpeed& speed) {
  const SymbolValues symbols = optimum_symbols(*query.plan);
  std::vector<Shape> inputs;
  double bytes = 0;
  for (const auto* ids : {&query.step->inputs, &query.step->outputs}) {
    for (BufferId id : *ids) {
      std::optional<Shape> shape = Shape{};
      if (id != no_buffer) shape = shape_under(query.plan->buffer(id).type, symbols);
      if (!shape) return -1;
      if (id != no_buffer)
        bytes += static_cast<double>(
            byte_size(query.plan->buffer(id).type.element, element_count(*shape)));
      inputs.push_back(std::move(*shape));
    }
  }
  const auto elements = static_cast<double>(element_count(inputs[query.step->inputs.size()]));
  const double operations = elements * operations_per_element(query.problem(), inputs);
  return std::max(operations / speed.operations, bytes / speed.bytes) / std::max(1, query.threads);
}

}  // namespace cermet::cpu
