#include "builder/batch.h"

#include <algorithm>

#include "base/error.h"
#include "builder/model_shapes.h"
#include "tactics/batch_items.h"
#include "tactics/typical_shapes.h"

namespace cermet {
namespace {

// What estimates have to promise: they are rough.
constexpr double least_gain = 0.04;
// More items than these have nothing to gain, and a batch may be as large as memory.
constexpr int64_t most_items = 256;

// The symbol that leads all of these.
std::optional<std::string> leading_symbol(const std::vector<onnx::OnnxValueInfo>& inputs) {
  std::optional<std::string> symbol;
  for (const onnx::OnnxValueInfo& input : inputs) {
    if (!input.type || !input.type->has_rank() || input.type->dims->empty()) return std::nullopt;
    const auto leads = input.type->dims->front().as_symbol();
    if (!leads || (symbol && *symbol != *leads)) return std::nullopt;
    symbol = leads;
  }
  return symbol;
}

// What a run of the whole batch takes in slices of so many items.
std::optional<double> batch_us(std::span<const Problem* const> problems, const Batch& batch,
                               SymbolValues sizes, int64_t items, const CostOracle& costs) {
  sizes[batch.symbol] = items;
  const auto slice = costs.run_us(problems, sizes);
  if (!slice) return std::nullopt;
  const int64_t slices = batch.tuned / items;
  return *slice * static_cast<double>(slices);
}

}  // namespace

std::optional<Batch> batch_of(const onnx::OnnxGraph& graph,
                              const std::vector<ShapeProfile>& profiles) {
  const auto symbol = leading_symbol(graph.inputs);
  if (!symbol) return std::nullopt;
  std::optional<Batch> batch;
  for (const ShapeProfile& profile : profiles) {
    const auto range = std::find_if(profile.begin(), profile.end(), [&](const ShapeRange& r) {
      return r.name == graph.inputs.front().name;
    });
    if (range == profile.end() || range->opt.empty()) return std::nullopt;
    if (!batch) batch = Batch{*symbol, range->min[0], range->opt[0], range->max[0]};
    batch->least = std::min(batch->least, range->min[0]);
    batch->most = std::max(batch->most, range->max[0]);
  }
  return batch;
}

Slices best_slices(const Plan& plan, const Batch& batch, const CostOracle& costs) {
  if (auto reason = mixes_items(plan, batch.symbol)) return {0, std::move(*reason)};
  std::vector<const Problem*> problems;
  for (const Step& step : plan.root.steps)
    if (needs_kernel(step.problem.kind)) problems.push_back(&step.problem);
  const SymbolValues sizes = profile_symbols(plan);
  const auto whole = batch_us(problems, batch, sizes, batch.tuned, costs);
  if (!whole) return {};
  Slices best;
  best.against = fmt::format("no slice of a batch of {} is estimated to spare {:.0f} %",
                             batch.tuned, 100 * least_gain);
  double least = *whole * (1 - least_gain);
  // Where sizes vary, slices of one item fit all of them.
  const int64_t most = batch.is_fixed() ? std::min(batch.tuned - 1, most_items) : 1;
  for (int64_t items = 1; items <= most; ++items) {
    if (batch.tuned % items != 0) continue;
    const auto us = batch_us(problems, batch, sizes, items, costs);
    if (!us || *us >= least) continue;
    least = *us;
    best = {items, ""};
  }
  return best;
}

CutBatch cut_batch(onnx::OnnxModel& model, const std::vector<ShapeProfile>& profiles,
                   const std::function<Slices(const Batch&)>& slices) {
  const auto batch = batch_of(model.graph, profiles);
  Slices best;
  if (batch && batch->least > 0 && batch->tuned > 1) {
    const std::vector<onnx::OnnxValueInfo> inputs = model.graph.inputs;
    apply_profiles(model.graph, profiles, {{batch->symbol, Dim::symbol(batch->symbol)}});
    try {
      best = slices(*batch);
    } catch (const Error& error) {
      // What can't be built for a batch of any size is built for the one that is asked for.
      best.against = fmt::format("not for a batch of any size: {}", error.what());
    }
    model.graph.inputs = inputs;
  }
  if (best.items == 0) {
    apply_profiles(model.graph, profiles);
    return {std::nullopt, best.against};
  }
  apply_profiles(model.graph, profiles, {{batch->symbol, Dim(best.items)}});
  return {batch->is_fixed() ? Dim(batch->tuned) : Dim::symbol(batch->symbol), ""};
}

}  // namespace cermet
