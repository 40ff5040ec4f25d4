#include "backends/cpu/build/costs.h"

#include <algorithm>
#include <cmath>

#include "backends/cpu/build/cost.h"
#include "backends/cpu/run/gemm_functions.h"
#include "base/cpu_features.h"
#include "problem/cuts_in_place.h"

namespace cermet::cpu {
namespace {

// Measured with AVX2, oneDNN's kernels and our own, on operands that are in the cache. They compare
// steps of one kind with each other; CoreSpeed compares tactics.
constexpr double begin_us = 0.6;  // a step and what its kernel does before the first element
constexpr double meet_us = 2;     // until all threads are done with a step
constexpr double cached_bytes_a_us = 40e3;
// An element of the left side, or of a patch. What is read for each vector of results hides behind
// the arithmetic, but not the first time.
constexpr double read_us = 0.12e-3;
constexpr double piece_us = 0.008;  // a run of elements that is copied by itself
constexpr double operations_worth_a_thread = 262144;
// Threads share the memory, which one of them does not use up.
double memory_bytes_a_us(int threads) { return CoreSpeed().bytes * std::sqrt(threads); }

bool is_image(const Problem& problem) { return problem.kind == ProblemKind::convolution; }

// Sums of products: `rows` times `width` of them, of `depth` terms each.
struct Sums {
  int64_t rows = 0, depth = 0, width = 0;
};

Sums sums_of(const Problem& problem, const TypicalShapes& shapes) {
  const Shape& weights = *shapes.inputs[1];
  const size_t rank = weights.size();
  Sums sums;
  if (is_image(problem)) {
    sums.width = weights[0];
    sums.depth = element_count({weights.begin() + 1, weights.end()});
  } else {
    sums.width = weights[rank - 1];
    sums.depth = rank > 1 ? weights[rank - 2] : 1;
    if (problem.attributes.integer("transB", 0) != 0) std::swap(sums.width, sums.depth);
  }
  sums.width = std::max<int64_t>(1, sums.width);
  sums.rows = element_count(*shapes.outputs[0]) / sums.width;
  return sums;
}

// Columns or channels as kernels compute them, in whole vectors, for each that is wanted.
double vector_waste(const Sums& sums) {
  const int64_t vector = gemm_functions(best_instruction_set()).columns / 2;
  const int64_t whole = (sums.width + vector - 1) / vector * vector;
  return static_cast<double>(whole) / static_cast<double>(sums.width);
}

// Threads that have enough to do.
double busy_threads(double operations, int threads) {
  return std::clamp(operations / operations_worth_a_thread, 1.0,
                    static_cast<double>(std::max(1, threads)));
}

// What a run can count on: others use a shared cache too, the more the larger it is.
double cache_bytes() {
  const size_t whole = largest_cache_bytes();
  return whole > 0 ? static_cast<double>(std::min<size_t>(whole / 2, 32 << 20)) : 8e6;
}

// What a problem reads and writes: weights apart from what changes from run to run.
struct Traffic {
  double weights = 0, others = 0;
};

Traffic traffic_of(const Problem& problem, const TypicalShapes& shapes) {
  Traffic traffic;
  for (size_t i = 0; i < problem.inputs.size(); ++i)
    if (problem.inputs[i] && problem.inputs[i]->constant)
      traffic.weights += static_cast<double>(
          byte_size(problem.inputs[i]->type.element, element_count(*shapes.inputs[i])));
  traffic.others = bytes_of(problem, shapes) - traffic.weights;
  return traffic;
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
    const Sums sums = sums_of(problem, *shapes);
    operations *= vector_waste(sums);
    reading = static_cast<double>(sums.rows) * static_cast<double>(sums.depth) * read_us;
  }
  if (problem.op == "Split") moving += pieces_of_cut(problem, *shapes) * piece_us;
  const double alone = std::max(operations / CoreSpeed().operations, moving) + reading;
  return begin_us + alone / busy_threads(alone * CoreSpeed().operations, threads_);
}

std::optional<double> Costs::run_us(std::span<const Problem* const> problems,
                                    const SymbolValues& sizes) const {
  const double cache = cache_bytes();
  std::vector<Traffic> traffic;
  double us = 0, weights = 0;
  for (const Problem* problem : problems) {
    const auto shapes = typical_shapes(*problem, sizes);
    if (!shapes) return std::nullopt;
    traffic.push_back(traffic_of(*problem, *shapes));
    weights += traffic.back().weights;
    const double operations = operations_of(*problem, *shapes);
    us += begin_us + (threads_ > 1 ? meet_us : 0) +
          operations / CoreSpeed().operations / busy_threads(operations, threads_);
  }
  const double memory = memory_bytes_a_us(threads_);
  const double cached = cached_bytes_a_us * threads_;
  for (const Traffic& of : traffic)
    us += of.others / (of.others > cache ? memory : cached) +
          of.weights / (weights + of.others > cache ? memory : cached);
  return us;
}

}  // namespace cermet::cpu
