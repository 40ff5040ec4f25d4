#include "backends/cuda/build/library_estimate.h"

#include <algorithm>

#include "backends/cuda/build/estimate.h"

namespace cermet::cuda {
namespace {

constexpr std::string_view suffix = " tf32";

}  // namespace

std::string_view tf32_suffix(const TacticQuery& query) {
  const bool has =
      query.allow_tf32 && query.problem().inputs[0]->type.element == ElementType::float32;
  return has ? suffix : std::string_view();
}

bool has_tf32_suffix(std::string_view configuration) { return configuration.ends_with(suffix); }

double library_us(const TacticQuery& query, double operations) {
  constexpr double usual_part_of_peak = 0.5;
  const double traffic = traffic_us(query);
  if (traffic < 0) return -1;
  const CardRates rates = rates_of(query.architecture);
  double peak = rates.tensor16_per_us;
  if (query.problem().inputs[0]->type.element == ElementType::float32)
    peak = query.allow_tf32 ? peak / 2 : rates.float32_per_us;
  return std::max(traffic, rates.launch_us + operations / (usual_part_of_peak * peak));
}

}  // namespace cermet::cuda
