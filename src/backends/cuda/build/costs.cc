#include "backends/cuda/build/costs.h"

#include <algorithm>

#include "backends/cuda/build/estimate.h"
#include "problem/cuts_in_place.h"

namespace cermet::cuda {
namespace {

// What a product does of a card's best: small ones leave most multiprocessors without work.
constexpr double usual_part_of_peak = 0.3;

double operations_of(const Problem& problem, const TypicalShapes& shapes) {
  const bool product = problem.kind == ProblemKind::matmul;
  if (!product && problem.kind != ProblemKind::convolution) return 0;
  const Shape& weights = *shapes.inputs[1];
  double depth = 1;
  if (product) {
    const bool turned = problem.attributes.integer("transB", 0) != 0;
    depth = static_cast<double>(weights.size() < 2 ? weights[0]
                                                   : weights[weights.size() - (turned ? 1 : 2)]);
  } else {
    for (size_t d = 1; d < weights.size(); ++d) depth *= static_cast<double>(weights[d]);
  }
  return 2 * depth * static_cast<double>(element_count(*shapes.outputs[0]));
}

}  // namespace

Layout Costs::result_layout(const Problem& problem) const {
  const bool image =
      problem.kind == ProblemKind::convolution || problem.kind == ProblemKind::pooling;
  return image ? Layout::channels_last(problem.outputs[0]->type.rank()) : Layout{};
}

bool Costs::multiplies_float8() const { return rates_of(architecture_).float8_per_us > 0; }

std::optional<double> Costs::step_us(const Problem& problem, bool gives_output) const {
  if (problem.op == "Split" && !gives_output && cuts_in_place(problem)) return 0;
  const auto shapes = typical_shapes(problem, sizes_);
  if (!shapes) return std::nullopt;
  const CardRates rates = rates_of(architecture_);
  const auto& first = problem.inputs[0];
  const bool lowered = narrow_ && first && first->type.element == ElementType::float32;
  const bool narrow = lowered || (first && bit_width(first->type.element) <= 16);
  double peak = narrow ? rates.tensor16_per_us : rates.float32_per_us;
  if (first && bit_width(first->type.element) == 8)
    peak =
        std::max(peak, is_floating(first->type.element) ? rates.float8_per_us : rates.int8_per_us);
  const double bytes = bytes_of(problem, *shapes) / (lowered ? 2 : 1);
  return rates.launch_us + std::max(bytes / rates.bytes_per_us,
                                    operations_of(problem, *shapes) / (usual_part_of_peak * peak));
}

}  // namespace cermet::cuda
