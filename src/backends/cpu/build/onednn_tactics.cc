#include "backends/cpu/build/onednn_tactics.h"

#include <array>
#include <utility>
#include <vector>

#include "backends/cpu/build/cost.h"
#include "backends/cpu/run/epilogue.h"
#include "backends/cpu/run/kernel_library.h"
#include "base/error.h"

namespace cermet::cpu {
namespace {

using Reason = std::optional<std::string>;

Reason check_operand(const std::optional<Operand>& operand, std::string_view what, size_t i) {
  if (!operand) return std::nullopt;
  if (!operand->type.has_rank()) return fmt::format("the rank of {} {} is unknown", what, i);
  if (operand->type.element != ElementType::float32)
    return fmt::format("{} {} is {}, only float32 is taken", what, i, name(operand->type.element));
  if (!operand->layout.is_dense())
    return fmt::format("{} {} has the blocked layout {}", what, i, operand->layout.to_string());
  return std::nullopt;
}

// What all kernels of the module want.
Reason check_operands(const Problem& problem) {
  if (!onednn_missing().empty()) return onednn_missing();
  for (size_t i = 0; i < problem.inputs.size(); ++i)
    if (auto reason = check_operand(problem.inputs[i], "input", i)) return reason;
  for (size_t i = 0; i < problem.outputs.size(); ++i) {
    if (auto reason = check_operand(problem.outputs[i], "output", i)) return reason;
    if (i > 0 && problem.outputs[i]) return fmt::format("output {} is not computed", i);
  }
  if (!problem.inputs[0]) return "input 0 is absent";
  return std::nullopt;
}

Reason check_epilogue(const Problem& problem) {
  if (!problem.has_epilogue()) return std::nullopt;
  const Chain chain = read_chain(problem.expression);
  if (!chain.found()) return "epilogue: " + chain.reason;
  for (const ChainLink& link : chain.links) {
    const size_t input = problem.epilogue_first + link.operand - 1;
    if (link.kind == ChainLink::Kind::function) continue;
    if (problem.inputs.at(input)->type.rank() > problem.outputs[0]->type.rank())
      return fmt::format("epilogue: input {} has a higher rank than the result", input);
  }
  return std::nullopt;
}

Reason check_common(const Problem& problem, std::string_view op) {
  if (problem.op != op || !problem.domain.empty()) return fmt::format("computes {} only", op);
  if (auto reason = check_operands(problem)) return reason;
  return check_epilogue(problem);
}

int input_rank(const Problem& problem, size_t i) { return problem.inputs[i]->type.rank(); }

Reason check_windowed(const Problem& problem) {
  const int rank = input_rank(problem, 0);
  if (rank < 3 || rank > 5)
    return fmt::format("1 to 3 spatial dimensions are taken, there are {}", rank - 2);
  return std::nullopt;
}

Reason rejects_convolution(const TacticQuery& query) {
  if (auto reason = check_common(query.problem(), "Conv")) return reason;
  return check_windowed(query.problem());
}

Reason rejects_deconvolution(const TacticQuery& query) {
  if (auto reason = check_common(query.problem(), "ConvTranspose")) return reason;
  return check_windowed(query.problem());
}

Reason rejects_matmul(const TacticQuery& query) {
  if (auto reason = check_common(query.problem(), "MatMul")) return reason;
  for (size_t i : {0, 1})
    if (input_rank(query.problem(), i) < 2)
      return fmt::format("input {} has rank {}, at least 2 is taken", i,
                         input_rank(query.problem(), i));
  return std::nullopt;
}

Reason rejects_gemm(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (auto reason = check_common(problem, "Gemm")) return reason;
  const bool added = problem.inputs.size() > 2 && problem.inputs[2] &&
                     !(problem.has_epilogue() && problem.epilogue_first <= 2);
  if (problem.attributes.number("alpha", 1) != 1) return "alpha is not 1";
  for (size_t i : {0, 1})
    if (!problem.inputs[i]->layout.is_row_major())
      return fmt::format("input {} has layout {}", i, problem.inputs[i]->layout.to_string());
  if (!added) return std::nullopt;
  if (problem.attributes.number("beta", 1) != 1) return "beta is not 1";
  const Dims& dims = *problem.inputs[2]->type.dims;
  const Dim& columns = problem.outputs[0]->type.dims->back();
  const bool row = !dims.empty() && dims.back() == columns && product(dims) == columns;
  if (!row) return fmt::format("C has shape {}, a row of columns is taken", to_string(dims));
  return std::nullopt;
}

Reason rejects_pooling(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.kind != ProblemKind::pooling) return "computes pooling only";
  if (auto reason = check_common(problem, problem.op)) return reason;
  if (problem.op == "AveragePool" && problem.attributes.integer("ceil_mode", 0) != 0 &&
      problem.attributes.integer("count_include_pad", 0) != 0)
    return "ceil_mode together with count_include_pad";
  return check_windowed(problem);
}

Reason rejects_softmax(const TacticQuery& query) {
  if (query.problem().kind != ProblemKind::softmax) return "computes softmax only";
  if (auto reason = check_common(query.problem(), query.problem().op)) return reason;
  if (input_rank(query.problem(), 0) == 0) return "the input is a scalar";
  return std::nullopt;
}

Reason rejects_layer_normalization(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (auto reason = check_common(problem, "LayerNormalization")) return reason;
  if (problem.has_epilogue()) return "takes no epilogue";
  const Dims& dims = *problem.inputs[0]->type.dims;
  const int64_t axis = problem.attributes.integer("axis", -1);
  const auto first = dims.begin() + (axis < 0 ? axis + static_cast<int64_t>(dims.size()) : axis);
  const Dims normalized(first, dims.end());
  for (size_t i = 0; i < problem.inputs.size(); ++i) {
    if (!problem.inputs[i]) continue;
    if (!problem.inputs[i]->layout.is_row_major())
      return fmt::format("input {} has layout {}", i, problem.inputs[i]->layout.to_string());
    if (i > 0 && *problem.inputs[i]->type.dims != normalized)
      return fmt::format("input {} has shape {}, {} is taken", i,
                         to_string(*problem.inputs[i]->type.dims), to_string(normalized));
  }
  if (!problem.outputs[0]->layout.is_row_major())
    return "the result has layout " + problem.outputs[0]->layout.to_string();
  return std::nullopt;
}

Reason rejects_reorder(const TacticQuery& query) {
  if (query.problem().kind != ProblemKind::reorder) return "changes layouts only";
  return check_operands(query.problem());
}

Reason rejects_transpose(const TacticQuery& query) {
  if (auto reason = check_common(query.problem(), "Transpose")) return reason;
  if (query.problem().has_epilogue()) return "takes no epilogue";
  if (input_rank(query.problem(), 0) == 0) return "the input is a scalar";
  return std::nullopt;
}

// oneDNN computes everything, but some of it with plain loops. The step is asked about as it is,
// its tactic chosen.
Reason plain_loops(const Plan& plan, const Step& step, int threads) {
  const auto shapes = typical_shapes(plan, step);
  if (!shapes) return std::nullopt;
  try {
    const std::string text =
        onednn_library().describe({&plan, &step}, {shapes->inputs, shapes->outputs, threads});
    if (text.starts_with("ref") || text.find(" ref") != text.npos)
      return fmt::format("oneDNN has only plain loops for it ({})", text);
  } catch (const Error& error) {
    return error.message();
  }
  return std::nullopt;
}

Reason check_implementation(const TacticQuery& query, std::string_view tactic) {
  Step asked = *query.step;
  asked.choice.tactic = tactic;
  asked.in_place.clear();
  return plain_loops(*query.plan, asked, query.threads);
}

// No other input shares the memory of input `i`.
bool is_alone(const Plan& plan, const Step& step, size_t i) {
  for (size_t other = 0; other < step.inputs.size(); ++other)
    if (other != i && step.inputs[other] != no_buffer &&
        plan.root_of(step.inputs[other]) == plan.root_of(step.inputs[i]))
      return false;
  return plan.buffer(step.inputs[i]).storage != Storage::constant;
}

bool same_place(const Problem& problem, size_t input) {
  const Operand& from = *problem.inputs[input];
  const Operand& to = *problem.outputs[0];
  return from.type == to.type && from.layout == to.layout;
}

// An addition is the one link that can write over its operand.
void allow_sum_in_place(Plan& plan, Step& step) {
  step.in_place.clear();
  if (!step.problem.has_epilogue()) return;
  for (const ChainLink& link : read_chain(step.problem.expression).links) {
    if (link.kind != ChainLink::Kind::add) continue;
    const size_t input = step.problem.epilogue_first + link.operand - 1;
    if (!same_place(step.problem, input) || !is_alone(plan, step, input)) continue;
    // Convolutions work channels-last and reorder a row-major result.
    if (step.problem.kind == ProblemKind::convolution &&
        step.problem.outputs[0]->layout.is_row_major())
      continue;
    step.in_place = {{0, static_cast<int32_t>(input)}};
    // Some kernels add to their result before anything else is done to it, or not at all.
    if (plain_loops(plan, step, 1)) step.in_place.clear();
    return;
  }
}

void allow_in_place(Plan& plan, Step& step) {
  step.in_place.clear();
  if (same_place(step.problem, 0) && is_alone(plan, step, 0)) step.in_place = {{0, 0}};
}

void allow_nothing(Plan&, Step& step) { step.in_place.clear(); }

std::optional<PackedConstant> pack_weights(const TacticQuery& query) {
  const auto shapes = typical_shapes(*query.plan, *query.step);
  if (query.constant(1) == nullptr || !shapes) return std::nullopt;
  return onednn_library().pack_weights({query.plan, query.step},
                                       {shapes->inputs, shapes->outputs, query.threads});
}

double estimate(const TacticQuery& query, std::string_view) { return estimate_us(query); }

struct Row {
  std::string_view name;
  Reason (*rejects)(const TacticQuery&);
  void (*prepare)(Plan&, Step&);
  std::optional<PackedConstant> (*pack)(const TacticQuery&) = nullptr;
};
constexpr std::array rows{
    Row{"onednn.convolution", rejects_convolution, allow_sum_in_place, pack_weights},
    Row{"onednn.deconvolution", rejects_deconvolution, allow_sum_in_place, pack_weights},
    Row{"onednn.matmul", rejects_matmul, allow_sum_in_place, pack_weights},
    Row{"onednn.gemm", rejects_gemm, allow_sum_in_place, pack_weights},
    Row{"onednn.pooling", rejects_pooling, allow_nothing},
    Row{"onednn.softmax", rejects_softmax, allow_in_place},
    Row{"onednn.layer_normalization", rejects_layer_normalization, allow_in_place},
    Row{"onednn.reorder", rejects_reorder, allow_nothing},
    Row{"onednn.transpose", rejects_transpose, allow_nothing},
};

// The tactic's own conditions, then oneDNN's answer.
template <size_t row>
Reason rejects(const TacticQuery& query) {
  if (auto reason = rows[row].rejects(query)) return reason;
  return check_implementation(query, rows[row].name);
}

template <size_t row>
Tactic tactic() {
  Tactic result;
  result.name = rows[row].name;
  result.rejects = rejects<row>;
  result.estimate = estimate;
  result.prepare = rows[row].prepare;
  result.pack = rows[row].pack;
  result.requirement = onednn_requirement;
  return result;
}

template <size_t... row>
std::vector<Tactic> all_tactics(std::index_sequence<row...>) {
  return {tactic<row>()...};
}

}  // namespace

std::span<const Tactic> onednn_tactics() {
  static const std::vector<Tactic> list = all_tactics(std::make_index_sequence<rows.size()>());
  return list;
}

}  // namespace cermet::cpu
