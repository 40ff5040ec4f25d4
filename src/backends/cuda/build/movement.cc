#include "backends/cuda/build/movement.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "backends/cuda/build/estimate.h"

namespace cermet::cuda {
namespace {

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.kind != ProblemKind::movement) return "computes movements only";
  const MovementRule* rule = find_movement_rule(problem);
  if (rule == nullptr) return "has no rule for " + problem.op;
  if (auto reason = rejects_moved(problem)) return reason;
  if (rule->row_major_only)
    if (auto reason = rejects_layouts(problem)) return reason;
  return rule->rejects != nullptr ? rule->rejects(query) : std::nullopt;
}

std::vector<StridedCopy> copies_of(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const OperandSizes sizes(problem);
  if (problem.kind == ProblemKind::reorder) {
    // By the source's sizes: those of both are the same.
    StridedCopy copy;
    copy.sizes = sizes.output(0);
    copy.from = sizes.input_strides(0);
    copy.to = sizes.output_strides(0);
    return {copy};
  }
  return find_movement_rule(problem)->make({query, problem, sizes});
}

// The order of the copy's dimensions by the result's memory: outer strides are products of more
// sizes. Sizes that are symbols count as large.
std::vector<size_t> result_order(const StridedCopy& copy) {
  std::vector<double> weight;
  for (const Dim& stride : copy.to) {
    SymbolValues values;
    std::set<std::string> symbols;
    stride.collect_symbols(symbols);
    for (const std::string& symbol : symbols) values[symbol] = 1009;
    weight.push_back(static_cast<double>(stride.try_evaluate(values).value_or(INT64_MAX)));
  }
  std::vector<size_t> order(copy.to.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return weight[a] > weight[b]; });
  return order;
}

std::vector<StridedCopy> normal_copies(const TacticQuery& query) {
  std::vector<StridedCopy> copies = copies_of(query);
  for (StridedCopy& copy : copies) copy.normalise(result_order(copy));
  return copies;
}

// Copies that one launch does.
constexpr size_t most_together = 8;

// The side of a transposition's tiles, and whether several copies are done by one launch; an empty
// one where there is no choice.
std::vector<std::string> configurations(const TacticQuery& query) {
  const std::vector<StridedCopy> copies = normal_copies(query);
  for (const StridedCopy& copy : copies)
    if (copy.transposed_dimension()) return {"tile 32", "tile 64"};
  if (copies.size() > 1) return {"together", "apart"};
  return {""};
}

DeviceSource generate(const TacticQuery& query, std::string_view configuration) {
  DeviceSource source;
  add_strided_copies(query.problem(), normal_copies(query), configuration == "tile 64" ? 64 : 32,
                     configuration == "apart" ? 1 : most_together, source);
  return source;
}

std::optional<std::string> rejects_reorder(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.kind != ProblemKind::reorder) return "computes changes of layout only";
  if (auto reason = rejects_moved(problem)) return reason;
  if (problem.inputs[0]->type.element != problem.outputs[0]->type.element)
    return "element types differ";
  return std::nullopt;
}

double estimate(const TacticQuery& query, std::string_view configuration) {
  const double traffic = traffic_us(query);
  if (traffic < 0 || configuration != "apart") return traffic;
  const size_t more = std::max(query.problem().inputs.size(), query.problem().outputs.size()) - 1;
  return traffic + static_cast<double>(more) * rates_of(query.architecture).launch_us;
}

Tactic tactic_of(std::string_view name, std::optional<std::string> (*rejects)(const TacticQuery&)) {
  Tactic tactic;
  tactic.name = name;
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.configurations = configurations;
  tactic.estimate = estimate;
  tactic.generate = generate;
  return tactic;
}

}  // namespace

StridedCopy MovementContext::copy(size_t input, size_t output, Dims dims, Dims from,
                                  Dims to) const {
  StridedCopy copy;
  copy.input = input;
  copy.output = output;
  copy.sizes = std::move(dims);
  copy.from = std::move(from);
  copy.to = std::move(to);
  return copy;
}

Tactic movement_tactic() { return tactic_of("cuda.movement", rejects); }
Tactic reorder_tactic() { return tactic_of("cuda.reorder", rejects_reorder); }

}  // namespace cermet::cuda
