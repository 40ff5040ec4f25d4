#include <array>

#include "backends/cpu/run/gemm_functions.h"
#include "backends/cpu/run/own_rules.h"
#include "base/error.h"
#include "problem/turned_operand.h"

namespace cermet::cpu {
namespace {

// What a tile sums up; and blocks of keys and values stay in the second-level cache.
constexpr int64_t largest_head = gemm_depth;

// The size of the heads of input i; nothing when it depends on a symbol.
std::optional<int64_t> head_size(const Problem& problem, size_t i) {
  const Dims& dims = *problem.inputs[i]->type.dims;
  if (!dims.back().is_constant()) return std::nullopt;
  if (dims.size() == 4) return dims.back().constant();
  const int64_t heads = problem.attributes.integer(i == 0 ? "q_num_heads" : "kv_num_heads", 0);
  return heads > 0 ? std::optional(dims.back().constant() / heads) : std::nullopt;
}

Reason check_operands(const Problem& problem) {
  if (problem.op != "Attention" || problem.has_epilogue()) return "takes Attention alone";
  if (problem.inputs.size() < 3 || problem.outputs.empty()) return "an operand is absent";
  for (size_t i = 0; i < 3; ++i) {
    const auto& input = problem.inputs[i];
    if (!input || !input->type.has_rank()) return fmt::format("the rank of input {} is unknown", i);
    if (input->type.rank() != 3 && input->type.rank() != 4)
      return fmt::format("input {} has {} dimensions, 3 and 4 are taken", i, input->type.rank());
    if (input->type.element != ElementType::float32)
      return fmt::format("input {} is {}, only float32 is taken", i, name(input->type.element));
    const auto size = head_size(problem, i);
    if (!size) return fmt::format("the head size of input {} is not known", i);
    if (*size > largest_head)
      return fmt::format("heads of {} elements, at most {} are taken", *size, largest_head);
  }
  for (size_t i = 0; i < problem.inputs.size(); ++i)
    if (problem.inputs[i] && !(i < 3 ? reads_heads_under(problem.inputs[i]->layout)
                                     : problem.inputs[i]->layout.is_row_major()))
      return fmt::format("input {} has the layout {}", i, problem.inputs[i]->layout.to_string());
  for (const auto& output : problem.outputs)
    if (output && !output->layout.is_row_major()) return "results have to be row-major";
  if (!problem.outputs[0] || !problem.outputs[0]->type.has_rank() ||
      problem.outputs[0]->type.rank() != problem.inputs[0]->type.rank())
    return "the result has to have as many dimensions as Q";
  if (problem.outputs[0]->type.element != ElementType::float32) return "the result is not float32";
  for (size_t i = 1; i < problem.outputs.size(); ++i)
    if (problem.outputs[i]) return fmt::format("output {} is not computed", i);
  return std::nullopt;
}

// A shorter mask forbids the rest of the keys.
Reason check_mask(const Problem& problem) {
  if (problem.inputs.size() < 4 || !problem.inputs[3]) return std::nullopt;
  const ValueType& mask = problem.inputs[3]->type;
  if (mask.element != ElementType::float32 && mask.element != ElementType::boolean)
    return fmt::format("the mask is {}, float32 and boolean are taken", name(mask.element));
  if (!mask.has_rank() || mask.rank() == 0 || mask.rank() > 4)
    return "the mask has to have 1 to 4 dimensions";
  const Dims& key = *problem.inputs[1]->type.dims;
  if (mask.dims->back() != key[key.size() - 2])
    return fmt::format("the mask {} may be shorter than the keys {}", to_string(*mask.dims),
                       to_string(key));
  return std::nullopt;
}

}  // namespace

Reason rejects_attention(const KernelContext& context) {
  static constexpr std::array<std::string_view, 7> names{
      "Q", "K", "V", "attn_mask", "past_key", "past_value", "nonpad_kv_seqlen"};
  const Problem& problem = context.step->problem;
  if (problem.kind != ProblemKind::attention) return "computes attention only";
  if (auto reason = check_operands(problem)) return reason;
  for (size_t i = 4; i < problem.inputs.size(); ++i)
    if (problem.inputs[i])
      return i < names.size() ? fmt::format("{} is not taken", names[i]) : "too many inputs";
  if (problem.attributes.number("softcap", 0) != 0) return "softcap is not taken";
  if (problem.attributes.integer("softmax_precision", 1) ==
      static_cast<int64_t>(ElementType::float64))
    return "softmax_precision is float64";
  return check_mask(problem);
}

}  // namespace cermet::cpu
