#include "plan/handed_values.h"

#include <array>

namespace cermet {
namespace {

std::vector<HandedValue> of_branch(const Step& step) {
  std::vector<HandedValue> values = {{.input = 0}};
  for (size_t i = 0; i < step.outputs.size(); ++i)
    values.push_back({.region_output = i, .output = i, .is_hosts = false});
  return values;
}

int64_t axis_at(const std::vector<int64_t>& axes, size_t i) {
  return i < axes.size() ? axes[i] : 0;
}

// States, and behind them what iterations give as slices: the first indices of both among inputs,
// regions' inputs, regions' outputs.
void add_carried(const Step& step, std::array<size_t, 3> first, size_t states,
                 std::vector<HandedValue>& values) {
  const auto axes = step.problem.attributes.integers("scan_output_axes", {});
  for (size_t i = 0; i < step.outputs.size(); ++i)
    if (i < states)
      values.push_back({first[0] + i, first[1] + i, first[2] + i, i, false});
    else
      values.push_back({.region_output = first[2] + i,
                        .output = i,
                        .is_hosts = false,
                        .axis = axis_at(axes, i - states)});
}

std::vector<HandedValue> of_loop(const Step& step) {
  std::vector<HandedValue> values = {
      {.input = 0}, {.region_input = 0}, {.input = 1, .region_input = 1, .region_output = 0}};
  const size_t first = first_captured(step);
  add_carried(step, {2, 2, 1}, first < 2 ? 0 : first - 2, values);
  return values;
}

std::vector<HandedValue> of_scan(const Step& step) {
  std::vector<HandedValue> values;
  const size_t first = first_captured(step);
  const auto sliced = static_cast<size_t>(step.problem.attributes.integer("num_scan_inputs"));
  const size_t states = sliced > first ? 0 : first - sliced;
  add_carried(step, {0, 0, 0}, states, values);
  const auto axes = step.problem.attributes.integers("scan_input_axes", {});
  for (size_t i = states; i < first; ++i)
    values.push_back(
        {.input = i, .region_input = i, .is_hosts = false, .axis = axis_at(axes, i - states)});
  return values;
}

}  // namespace

std::vector<HandedValue> handed_values(const Step& step) {
  switch (step.problem.kind) {
    case ProblemKind::branch:
      return of_branch(step);
    case ProblemKind::loop:
      return of_loop(step);
    case ProblemKind::scan:
      return of_scan(step);
    default:
      return {};
  }
}

}  // namespace cermet
