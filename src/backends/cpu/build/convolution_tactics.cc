#include "backends/cpu/build/convolution_tactics.h"

#include <algorithm>

#include "backends/cpu/build/cost.h"
#include "backends/cpu/build/own_tactics.h"
#include "backends/cpu/run/convolution_functions.h"
#include "backends/cpu/run/convolution_weights.h"
#include "backends/cpu/run/winograd_functions.h"
#include "backends/cpu/run/winograd_weights.h"
#include "base/error.h"
#include "ops/convolution/convolution.attrs.h"

namespace cermet::cpu {
namespace {

// Of transformed weights; more come from memory each time.
constexpr double cached_bytes = 16e6;
// Elements of patches and results that one core transforms in a microsecond.
constexpr double transformed_elements = 8e3;
// The direct kernel's time over that of the library's, as it was measured on the whole.
constexpr double direct_factor = 1.1;

Shape weights_of(const TacticQuery& query) {
  return constants(*query.problem().inputs[1]->type.dims);
}

Reason rejects_costly_winograd(const TacticQuery& query) {
  if (auto reason = rejects_step<rejects_winograd>(query)) return reason;
  if (!typical_shapes(*query.plan, *query.step)) return "the cost is unknown";
  return std::nullopt;
}

WinogradForm form_of(const TacticQuery& query, int64_t tile) {
  const Shape weights = weights_of(query);
  return {tile, winograd_functions(best_instruction_set()).columns, weights[0], weights[1]};
}

double estimate(const TacticQuery& query, int64_t tile) {
  const CoreSpeed speed;
  const auto shapes = typical_shapes(*query.plan, *query.step);
  const Shape& y = *shapes->outputs[0];
  const WinogradForm form = form_of(query, tile);
  const int64_t image_tiles = ((y[2] + tile - 1) / tile) * ((y[3] + tile - 1) / tile);
  const auto tiles = static_cast<double>(y[0] * image_tiles);
  const auto places = static_cast<double>(form.places());
  const auto inputs = static_cast<double>(form.inputs), outputs = static_cast<double>(form.outputs);
  const double bytes = 4 * places * inputs * outputs;
  const int threads = std::max(1, query.threads);
  const double products = 2 * tiles * places * inputs * outputs / speed.operations / threads;
  const double loading = bytes / speed.bytes / (bytes > cached_bytes ? 1 : threads);
  return std::max(products, loading) +
         tiles * places * (inputs + outputs) / transformed_elements / threads;
}

std::vector<std::string> configurations(const TacticQuery&) { return {"4", "2"}; }

double estimate_configured(const TacticQuery& query, std::string_view configuration) {
  return estimate(query, configuration == "2" ? 2 : 4);
}

std::optional<PackedConstant> pack_winograd(const TacticQuery& query) {
  const WinogradForm form = form_of(query, query.step->choice.configuration == "2" ? 2 : 4);
  return PackedConstant{1, transform_weights(*query.constant(1), form), form.to_string()};
}

ConvolutionForm direct_form(const TacticQuery& query) {
  const Shape weights = weights_of(query);
  const int64_t groups = query.problem().attributes.integer("group", 1);
  return {convolution_functions(best_instruction_set()).columns, groups, weights[0] / groups,
          weights[1], element_count({weights.begin() + 2, weights.end()})};
}

std::optional<PackedConstant> pack_direct(const TacticQuery& query) {
  const ConvolutionForm form = direct_form(query);
  return PackedConstant{1, pack_panels(*query.constant(1), form), form.to_string()};
}

// Panels are computed whole, whatever is wanted of the last one.
double estimate_direct(const TacticQuery& query, std::string_view) {
  const ConvolutionForm form = direct_form(query);
  return estimate_us(query) * direct_factor * static_cast<double>(form.panels() * form.columns) /
         static_cast<double>(form.outputs);
}

void allow_nothing(Plan&, Step& step) { step.in_place.clear(); }

Tactic winograd() {
  Tactic tactic;
  tactic.name = "cpu.winograd";
  tactic.version = 2;  // packed weights are of other interpolation points than in version 1
  tactic.rejects = rejects_costly_winograd;
  tactic.configurations = configurations;
  tactic.estimate = estimate_configured;
  tactic.prepare = allow_nothing;
  tactic.pack = pack_winograd;
  return tactic;
}

Tactic direct() {
  Tactic tactic;
  tactic.name = "cpu.convolution";
  tactic.rejects = rejects_step<rejects_convolution>;
  tactic.estimate = estimate_direct;
  tactic.prepare = allow_nothing;
  tactic.pack = pack_direct;
  return tactic;
}

}  // namespace

std::span<const Tactic> own_convolution_tactics() {
  static const std::vector<Tactic> list{winograd(), direct()};
  return list;
}

}  // namespace cermet::cpu
