#include "backends/cpu/build/costs.h"

#include <algorithm>

#include "backends/cpu/build/cost.h"
#include "backends/cpu/run/convolution_functions.h"
#include "backends/cpu/run/gemm_functions.h"
#include "expr/contiguous_part.h"

namespace cermet::cpu {
namespace {

// Measured on cores of today with AVX-512 and AVX2; what counts is how they compare.
constexpr double begin_us = 0.5;  // a step, its dispatch and its kernel's own beginning
constexpr double operations_worth_a_thread = 262144;
constexpr double moved_row_us = 0.004;  // a run of elements that is copied by itself

// Columns or channels as kernels compute them: whole panels.
double panel_waste(const Problem& problem, const TypicalShapes& shapes) {
  const bool image = problem.kind == ProblemKind::convolution;
  const InstructionSet set = best_instruction_set();
  const int64_t panel = image ? convolution_functions(set).columns : gemm_functions(set).columns;
  const Shape& weights = *shapes.inputs[1];
  const int64_t width = image ? weights[0] : weights.back();
  return static_cast<double>((width + panel - 1) / panel * panel) / static_cast<double>(width);
}

// Threads that have enough to do.
double busy_threads(double operations, int threads) {
  return std::clamp(operations / operations_worth_a_thread, 1.0,
                    static_cast<double>(std::max(1, threads)));
}

// Whether all results of a Split are views of its operand.
bool cuts_in_place(const Problem& problem) {
  const Dims& whole = *problem.inputs[0]->type.dims;
  const int64_t axis = problem.attributes.integer("axis", 0);
  Dims start(whole.size(), Dim(0));
  for (const auto& part : problem.outputs) {
    const Dims& dims = *part->type.dims;
    if (!contiguous_part(whole, dims, start, problem.inputs[0]->layout)) return false;
    start[axis] = start[axis] + dims[axis];
  }
  return true;
}

// Runs of elements that lie in one piece in the operand and in a result.
double pieces_of_cut(const Problem& problem, const TypicalShapes& shapes) {
  double pieces = 0;
  const int64_t axis = problem.attributes.integer("axis", 0);
  const bool innermost = !problem.inputs[0]->layout.is_row_major();
  for (const auto& shape : shapes.outputs) {
    double elements = 1;
    for (size_t d = 0; d < shape->size(); ++d)
      if (innermost ? d != static_cast<size_t>(axis) : d < static_cast<size_t>(axis))
        elements *= static_cast<double>((*shape)[d]);
    pieces += elements;
  }
  return pieces;
}

}  // namespace

Layout Costs::result_layout(const Problem& problem) const {
  const bool image =
      problem.kind == ProblemKind::convolution || problem.kind == ProblemKind::pooling;
  return image ? Layout::channels_last(problem.outputs[0]->type.rank()) : Layout{};
}

std::optional<double> Costs::step_us(const Problem& problem, bool gives_output) const {
  if (problem.op == "Split" && !gives_output && cuts_in_place(problem)) return 0;
  const auto shapes = typical_shapes(problem, sizes_);
  if (!shapes) return std::nullopt;
  double operations = operations_of(problem, *shapes);
  double moved = bytes_of(problem, *shapes) / CoreSpeed().bytes;
  if (problem.kind == ProblemKind::matmul || problem.kind == ProblemKind::convolution)
    operations *= panel_waste(problem, *shapes);
  if (problem.op == "Split") moved += pieces_of_cut(problem, *shapes) * moved_row_us;
  const double alone = std::max(operations / CoreSpeed().operations, moved);
  return begin_us + alone / busy_threads(alone * CoreSpeed().operations, threads_);
}

}  // namespace cermet::cpu
