#include "backends/cpu/build/convolution_tactics.h"

#include <algorithm>
#include <array>

#include "backends/cpu/build/cost.h"
#include "backends/cpu/run/convolution_functions.h"
#include "backends/cpu/run/convolution_weights.h"
#include "backends/cpu/run/epilogue_loop.h"
#include "backends/cpu/run/winograd_functions.h"
#include "backends/cpu/run/winograd_weights.h"
#include "base/error.h"
#include "ops/convolution/convolution.attrs.h"

namespace cermet::cpu {
namespace {

using Reason = std::optional<std::string>;

// Of transformed weights; more come from memory each time.
constexpr double cached_bytes = 16e6;
// Elements of patches and results that one core transforms in a microsecond.
constexpr double transformed_elements = 8e3;
// The direct kernel's time over that of the library's, as it was measured on the whole.
constexpr double direct_factor = 1.1;

bool all_are(const Attributes& attributes, std::string_view name, int64_t value) {
  const auto values = attributes.integers(std::string(name), {});
  return std::all_of(values.begin(), values.end(), [&](int64_t v) { return v == value; });
}

Shape weights_of(const TacticQuery& query) {
  return constants(*query.problem().inputs[1]->type.dims);
}

// What both kernels want of a convolution.
Reason rejects_operands(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.kind != ProblemKind::convolution || problem.op != "Conv")
    return "computes convolutions only";
  if (!problem.inputs[1]->type.is_static()) return "the shape of the weights is unknown";
  if (query.constant(1) == nullptr) return "the weights are no constant";
  const size_t own = problem.has_epilogue() ? problem.epilogue_first : problem.inputs.size();
  for (size_t i = 0; i < own; ++i)
    if (problem.inputs[i] && problem.inputs[i]->type.element != ElementType::float32)
      return fmt::format("input {} is {}, only float32 is taken", i,
                         name(problem.inputs[i]->type.element));
  const Layout last = Layout::channels_last(static_cast<int>(weights_of(query).size()));
  if (problem.inputs[0]->layout != last || problem.outputs[0]->layout != last)
    return "input and result have to be channels-last";
  return epilogue_rejects(problem);
}

Reason rejects_winograd(const TacticQuery& query) {
  if (auto reason = rejects_operands(query)) return reason;
  const Shape weights = weights_of(query);
  const Attributes& attributes = query.problem().attributes;
  if (weights.size() != 4 || weights[2] != 3 || weights[3] != 3) return "the window has to be 3x3";
  if (attributes.integer("group", 1) != 1) return "there are several groups";
  if (!all_are(attributes, "strides", 1)) return "the strides have to be 1";
  if (!all_are(attributes, "dilations", 1)) return "the window is dilated";
  if (weights[1] % winograd_block != 0)
    return fmt::format("{} input channels are no multiple of {}", weights[1], winograd_block);
  if (!typical_shapes(*query.plan, *query.step)) return "the cost is unknown";
  return std::nullopt;
}

Reason rejects_direct(const TacticQuery& query) {
  if (auto reason = rejects_operands(query)) return reason;
  const size_t rank = weights_of(query).size();
  if (rank < 3 || rank > 5)
    return fmt::format("1 to 3 spatial dimensions are taken, there are {}", rank - 2);
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
  const auto tiles =
      static_cast<double>(y[0] * ((y[2] + tile - 1) / tile) * ((y[3] + tile - 1) / tile));
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
  tactic.rejects = rejects_winograd;
  tactic.configurations = configurations;
  tactic.estimate = estimate_configured;
  tactic.prepare = allow_nothing;
  tactic.pack = pack_winograd;
  return tactic;
}

Tactic direct() {
  Tactic tactic;
  tactic.name = "cpu.convolution";
  tactic.rejects = rejects_direct;
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
