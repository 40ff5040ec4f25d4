#include "backends/cpu/build/cost.h"

#include <algorithm>

#include "base/error.h"

namespace cermet::cpu {
namespace {

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
    case ProblemKind::attention: {
      const Shape& keys = *shapes.inputs[1];
      return 4.0 * static_cast<double>(keys[keys.size() - 2]);
    }
    default:
      return 4;
  }
}

double bytes_of(const std::vector<std::optional<Operand>>& operands,
                const std::vector<std::optional<Shape>>& shapes) {
  double bytes = 0;
  for (size_t i = 0; i < operands.size(); ++i)
    if (shapes[i])
      bytes += static_cast<double>(byte_size(operands[i]->type.element, element_count(*shapes[i])));
  return bytes;
}

}  // namespace

double operations_of(const Problem& problem, const TypicalShapes& shapes) {
  return static_cast<double>(element_count(*shapes.outputs[0])) *
         operations_per_element(problem, shapes);
}

double bytes_of(const Problem& problem, const TypicalShapes& shapes) {
  return bytes_of(problem.inputs, shapes.inputs) + bytes_of(problem.outputs, shapes.outputs);
}

double estimate_us(const TacticQuery& query, const CoreSpeed& speed) {
  const auto shapes = typical_shapes(*query.plan, *query.step);
  if (!shapes || shapes->outputs.empty() || !shapes->outputs[0]) return -1;
  const double bytes = bytes_of(query.problem(), *shapes);
  const double operations = operations_of(query.problem(), *shapes);
  return std::max(operations / speed.operations, bytes / speed.bytes) / std::max(1, query.threads);
}

}  // namespace cermet::cpu
