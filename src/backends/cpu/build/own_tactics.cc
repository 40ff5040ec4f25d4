#include "backends/cpu/build/own_tactics.h"

#include <algorithm>
#include <array>
#include <vector>

#include "backends/cpu/build/cost.h"
#include "backends/cpu/run/epilogue_loop.h"
#include "backends/cpu/run/movement.h"
#include "backends/cpu/run/tile_program.h"
#include "base/error.h"

namespace cermet::cpu {
namespace {

using Reason = std::optional<std::string>;

Reason check_ranks(const Problem& problem) {
  for (const auto* operands : {&problem.inputs, &problem.outputs})
    for (const auto& operand : *operands) {
      if (operand && !operand->type.has_rank()) return "the rank of an operand is unknown";
      if (operand && operand->layout.block_axis >= 0)
        return "an operand has the blocked layout " + operand->layout.to_string();
    }
  return std::nullopt;
}

Reason check_float32(const Problem& problem, size_t inputs) {
  for (size_t i = 0; i < std::min(inputs, problem.inputs.size()); ++i)
    if (problem.inputs[i] && problem.inputs[i]->type.element != ElementType::float32)
      return fmt::format("input {} is {}, only float32 is taken", i,
                         name(problem.inputs[i]->type.element));
  if (!problem.inputs[0]) return "input 0 is absent";
  for (size_t i = 1; i < problem.outputs.size(); ++i)
    if (problem.outputs[i]) return fmt::format("output {} is not computed", i);
  if (!problem.outputs[0]) return "output 0 is absent";
  if (problem.outputs[0]->type.element != ElementType::float32) return "the result is not float32";
  return std::nullopt;
}

Reason rejects_pointwise(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.kind != ProblemKind::pointwise) return "computes scalar expressions only";
  if (auto reason = check_ranks(problem)) return reason;
  for (const auto& output : problem.outputs)
    if (!output) return "an output is absent";
  return TileProgram::rejects(problem.expression);
}

Reason rejects_movement(const TacticQuery& query) {
  std::vector<bool> constant;
  for (size_t i = 0; i < query.problem().inputs.size(); ++i)
    constant.push_back(query.constant(i) != nullptr);
  return movement_rejects(query.problem(), constant);
}

Reason rejects_reduction(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const bool pools = problem.op == "GlobalAveragePool" || problem.op == "GlobalMaxPool";
  if (problem.kind != ProblemKind::reduction && !pools) return "computes reductions only";
  if (auto reason = check_ranks(problem)) return reason;
  if (auto reason = check_float32(problem, 1)) return reason;
  if (problem.has_epilogue()) return "takes no epilogue";
  if (pools) return std::nullopt;
  const bool has_axes = problem.inputs.size() > 1 && problem.inputs[1];
  const Tensor* axes = query.constant(1);
  if (has_axes && axes == nullptr) return "the axes are no constant";
  if (problem.attributes.integer("noop_with_empty_axes", 0) != 0 &&
      (!has_axes || axes->elements() == 0))
    return "no axes are reduced";
  const bool keeps_rank = problem.outputs[0]->type.rank() == problem.inputs[0]->type.rank();
  if (!keeps_rank && !problem.outputs[0]->layout.is_row_major())
    return "a result without the reduced dimensions has to be row-major";
  return std::nullopt;
}

Reason rejects_softmax(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.kind != ProblemKind::softmax) return "computes softmax only";
  if (auto reason = check_ranks(problem)) return reason;
  if (auto reason = check_float32(problem, 1)) return reason;
  if (problem.has_epilogue()) return "takes no epilogue";
  if (problem.inputs[0]->type.rank() == 0) return "the input is a scalar";
  if (problem.inputs[0]->layout != problem.outputs[0]->layout)
    return "input and result have different layouts";
  return std::nullopt;
}

// Scale and bias have the dimensions that are normalised, neither more nor broadcast.
Reason check_row_operands(const Problem& problem) {
  const Dims& dims = *problem.inputs[0]->type.dims;
  if (dims.empty()) return "the input is a scalar";
  const int64_t axis = problem.attributes.integer("axis", -1);
  const Dims row(dims.begin() + (axis < 0 ? axis + static_cast<int64_t>(dims.size()) : axis),
                 dims.end());
  for (size_t i = 1; i < problem.inputs.size(); ++i)
    if (problem.inputs[i] && *problem.inputs[i]->type.dims != row)
      return fmt::format("input {} has shape {}, {} is taken", i,
                         to_string(*problem.inputs[i]->type.dims), to_string(row));
  if (problem.attributes.integer("stash_type", 1) != 1) return "stash_type is not float32";
  return std::nullopt;
}

Reason rejects_normalization(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.kind != ProblemKind::normalization) return "computes normalisations only";
  if (auto reason = check_ranks(problem)) return reason;
  if (auto reason = check_float32(problem, problem.inputs.size())) return reason;
  if (problem.has_epilogue()) return "takes no epilogue";
  const bool by_row = problem.op == "LayerNormalization" || problem.op == "RMSNormalization";
  const bool batch = problem.op == "BatchNormalization";
  if (!by_row && !batch && problem.op != "InstanceNormalization" &&
      problem.op != "GroupNormalization")
    return "has no rule for " + problem.op;
  if (problem.attributes.integer("training_mode", 0) != 0) return "training mode";
  const Layout& layout = problem.inputs[0]->layout;
  if (problem.outputs[0]->layout != layout) return "input and result have different layouts";
  const bool last = layout == Layout::channels_last(problem.inputs[0]->type.rank());
  if (!layout.is_row_major() && !(batch && last))
    return "the input has layout " + layout.to_string();
  for (size_t i = 1; i < problem.inputs.size(); ++i)
    if (problem.inputs[i] && !problem.inputs[i]->layout.is_row_major())
      return fmt::format("input {} has layout {}", i, problem.inputs[i]->layout.to_string());
  return by_row ? check_row_operands(problem) : std::nullopt;
}

// Inputs that are the operator's own, not its epilogue's.
size_t own_inputs(const Problem& problem) {
  return problem.has_epilogue() ? problem.epilogue_first : problem.inputs.size();
}

Reason rejects_depthwise(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.kind != ProblemKind::convolution || problem.op != "Conv")
    return "computes convolutions only";
  if (auto reason = check_ranks(problem)) return reason;
  if (auto reason = check_float32(problem, own_inputs(problem))) return reason;
  const Tensor* weights = query.constant(1);
  if (weights == nullptr) return "the weights are no constant";
  const Shape& shape = weights->shape();
  const int64_t group = problem.attributes.integer("group", 1);
  if (shape.size() != 4) return "two spatial dimensions are taken";
  if (shape[0] != group || shape[1] != 1) return "each channel has to be convolved by itself";
  if (!(*problem.inputs[0]->type.dims)[1].is_constant(group))
    return "the number of channels is not known";
  const Layout last = Layout::channels_last(4);
  if (problem.inputs[0]->layout != last || problem.outputs[0]->layout != last)
    return "input and result have to be channels-last";
  return epilogue_rejects(problem);
}

Reason rejects_gemm(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.kind != ProblemKind::matmul || (problem.op != "MatMul" && problem.op != "Gemm"))
    return "computes matrix products only";
  if (auto reason = check_ranks(problem)) return reason;
  if (auto reason = check_float32(problem, own_inputs(problem))) return reason;
  for (size_t i : {0, 1}) {
    if (problem.inputs[i]->type.rank() < 2) return fmt::format("input {} is a vector", i);
    if (!problem.inputs[i]->layout.is_row_major())
      return fmt::format("input {} has layout {}", i, problem.inputs[i]->layout.to_string());
  }
  if (!problem.outputs[0]->layout.is_row_major())
    return "the result has layout " + problem.outputs[0]->layout.to_string();
  return epilogue_rejects(problem);
}

// No other input shares the memory of input `i`.
bool is_alone(const Plan& plan, const Step& step, size_t i) {
  for (size_t other = 0; other < step.inputs.size(); ++other)
    if (other != i && step.inputs[other] != no_buffer &&
        plan.root_of(step.inputs[other]) == plan.root_of(step.inputs[i]))
      return false;
  return plan.buffer(step.inputs[i]).storage != Storage::constant;
}

void allow_nothing(Plan&, Step& step) { step.in_place.clear(); }

void allow_first_in_place(Plan& plan, Step& step) {
  step.in_place.clear();
  const Problem& problem = step.problem;
  if (problem.inputs[0]->type == problem.outputs[0]->type &&
      problem.inputs[0]->layout == problem.outputs[0]->layout && is_alone(plan, step, 0))
    step.in_place = {{0, 0}};
}

double estimate(const TacticQuery& query, std::string_view) { return estimate_us(query); }

Tactic own(std::string_view name, Reason (*rejects)(const TacticQuery&),
           void (*prepare)(Plan&, Step&)) {
  Tactic tactic;
  tactic.name = name;
  tactic.rejects = rejects;
  tactic.estimate = estimate;
  tactic.prepare = prepare;
  return tactic;
}

}  // namespace

void allow_elementwise_in_place(Plan& plan, Step& step) {
  step.in_place.clear();
  const Problem& problem = step.problem;
  for (size_t i = 0; i < step.inputs.size(); ++i) {
    if (!problem.inputs[i] || problem.inputs[i]->type != problem.outputs[0]->type ||
        problem.inputs[i]->layout != problem.outputs[0]->layout || !is_alone(plan, step, i))
      continue;
    step.in_place = {{0, static_cast<int32_t>(i)}};
    return;
  }
}

std::span<const Tactic> preferred_own_tactics() {
  static const std::vector<Tactic> list{
      own("cpu.depthwise", rejects_depthwise, allow_nothing),
      own("cpu.movement", rejects_movement, allow_nothing),
  };
  return list;
}

std::span<const Tactic> own_tactics() {
  static const std::vector<Tactic> list{
      own("cpu.pointwise", rejects_pointwise, allow_elementwise_in_place),
      own("cpu.reduction", rejects_reduction, allow_nothing),
      own("cpu.softmax", rejects_softmax, allow_first_in_place),
      own("cpu.normalization", rejects_normalization, allow_first_in_place),
      own("cpu.gemm", rejects_gemm, allow_nothing),
  };
  return list;
}

}  // namespace cermet::cpu
