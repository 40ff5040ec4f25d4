#include "backends/cpu/build/own_tactics.h"

#include <vector>

#include "backends/cpu/build/cost.h"
#include "backends/cpu/run/gemm_weights.h"

namespace cermet::cpu {
namespace {

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

template <Reason (*rejects)(const KernelContext&)>
Tactic own(std::string_view name, void (*prepare)(Plan&, Step&)) {
  Tactic tactic;
  tactic.name = name;
  tactic.rejects = rejects_step<rejects>;
  tactic.estimate = estimate;
  tactic.prepare = prepare;
  return tactic;
}

std::optional<PackedConstant> pack_gemm(const TacticQuery& query) {
  if (query.constant(1) == nullptr) return std::nullopt;
  const ProductFunctions functions = product_functions(best_instruction_set());
  const auto form = gemm_form(query.problem(), functions.products.columns);
  if (!form) return std::nullopt;
  const MatrixView matrix = matrix_of(query.problem(), *query.constant(1), *form);
  return PackedConstant{1, pack_matrix(matrix, *form, functions.transpose), form->to_string()};
}

Tactic gemm() {
  Tactic tactic = own<rejects_gemm>("cpu.gemm", allow_nothing);
  tactic.pack = pack_gemm;
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
      own<rejects_depthwise>("cpu.depthwise", allow_nothing),
      own<rejects_movement>("cpu.movement", allow_nothing),
  };
  return list;
}

std::span<const Tactic> own_tactics() {
  static const std::vector<Tactic> list{
      own<rejects_pointwise>("cpu.pointwise", allow_elementwise_in_place),
      own<rejects_reduction>("cpu.reduction", allow_nothing),
      own<rejects_softmax>("cpu.softmax", allow_first_in_place),
      own<rejects_normalization>("cpu.normalization", allow_first_in_place),
      own<rejects_attention>("cpu.attention", allow_nothing),
      gemm(),
      own<rejects_resize>("cpu.resize", allow_nothing),
      own<rejects_pooling>("cpu.pooling", allow_nothing),
  };
  return list;
}

}  // namespace cermet::cpu
