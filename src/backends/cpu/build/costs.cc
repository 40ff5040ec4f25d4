#include "backends/cpu/build/costs.h"

#include <algorithm>

#include "backends/cpu/build/cost.h"
#include "backends/cpu/run/gemm_functions.h"
#include "expr/contiguous_part.h"

namespace cermet::cpu {
namespace {

// Measured with AVX2, oneDNN's kernels and our own, on operands that are in the cache. They compare
// steps of one kind with each other; CoreSpeed compares tactics.
constexpr double begin_us = 0.6;  // a step and what its kernel does before the first element
constexpr double cached_bytes_a_us = 40e3;
constexpr double read_us = 0.12e-3;  // an element of the left side, or of a patch, once a step
constexpr double piece_us = 0.008;   // a run of elements that is copied by itself
constexpr double operations_worth_a_thread = 262144;

bool is_image(const Problem& problem) { return problem.kind == ProblemKind::convolution; }

// Columns or channels as kernels compute them, in whole vectors, for each that is wanted.
double vector_waste(const Problem& problem, const TypicalShapes& shapes) {
  const int64_t vector = gemm_functions(best_instruction_set()).columns / 2;
  const Shape& weights = *shapes.inputs[1];
  const int64_t width = is_image(problem) ? weights[0] : weights.back();
  return static_cast<double>((width + vector - 1) / vector * vector) / static_cast<double>(width);
}

// Elements of the left side, or of all patches of an image: what is read for each vector of results
// hides behind the arithmetic, but not the first time.
double elements_read(const Problem& problem, const TypicalShapes& shapes) {
  const Shape& weights = *shapes.inputs[1];
  const Shape& results = *shapes.outputs[0];
  const int64_t width = is_image(problem) ? weights[0] : weights.back();
  const int64_t rows = element_count(results) / std::max<int64_t>(1, width);
  const int64_t depth = element_count(weights) / std::max<int64_t>(1, width);
  return static_cast<double>(rows) * static_cast<double>(depth);
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
  double moving = bytes_of(problem, *shapes) / cached_bytes_a_us;
  double reading = 0;
  if (problem.kind == ProblemKind::matmul || is_image(problem)) {
    operations *= vector_waste(problem, *shapes);
    reading = elements_read(problem, *shapes) * read_us;
  }
  if (problem.op == "Split") moving += pieces_of_cut(problem, *shapes) * piece_us;
  const double alone = std::max(operations / CoreSpeed().operations, moving) + reading;
  return begin_us + alone / busy_threads(alone * CoreSpeed().operations, threads_);
}

}  // namespace cermet::cpu
