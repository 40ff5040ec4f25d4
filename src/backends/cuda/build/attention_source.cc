#include "backends/cuda/build/attention_source.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "backends/cuda/build/operand_memory.h"
#include "base/error.h"
#include "problem/turned_operand.h"

namespace cermet::cuda {
namespace {

constexpr int64_t largest_head = 256;

// The size of the heads of input i; nothing where it depends on a symbol.
std::optional<int64_t> head_size(const Problem& problem, size_t i) {
  const Dims& dims = *problem.inputs[i]->type.dims;
  if (!dims.back().is_constant()) return std::nullopt;
  if (dims.size() == 4) return dims.back().constant();
  const int64_t heads =
      problem.attributes.integer(i == attention_query ? "q_num_heads" : "kv_num_heads", 0);
  return heads > 0 ? std::optional(dims.back().constant() / heads) : std::nullopt;
}

std::optional<std::string> rejects_heads(const Problem& problem) {
  const ElementType element = problem.inputs[attention_query]->type.element;
  for (size_t i : {attention_query, attention_key, attention_value}) {
    const ValueType& type = problem.inputs[i]->type;
    if (type.rank() != 3 && type.rank() != 4)
      return fmt::format("input {} has {} dimensions, 3 and 4 are taken", i, type.rank());
    if (type.element != element) return "Q, K and V have different types";
    const auto size = head_size(problem, i);
    if (!size) return fmt::format("the head size of input {} is not known", i);
    if (*size < 1 || *size > largest_head)
      return fmt::format("heads of {} elements, 1 to {} are taken", *size, largest_head);
  }
  if (problem.outputs[attention_result]->type.rank() !=
      problem.inputs[attention_query]->type.rank())
    return "the result has to have as many dimensions as Q";
  return std::nullopt;
}

std::optional<std::string> rejects_layouts(const Problem& problem) {
  for (size_t i = 0; i < problem.inputs.size(); ++i)
    if (problem.inputs[i] && !(i <= attention_value ? reads_heads_under(problem.inputs[i]->layout)
                                                    : problem.inputs[i]->layout.is_row_major()))
      return fmt::format("input {} has the layout {}", i, problem.inputs[i]->layout.to_string());
  for (const auto& output : problem.outputs)
    if (output && !output->layout.is_row_major()) return "results have to be row-major";
  return std::nullopt;
}

// Sizes by which a mask broadcasts to [batch, heads, queries, keys].
Dims mask_sizes(const Dims& dims) {
  Dims sizes(4 - dims.size(), Dim(1));
  sizes.insert(sizes.end(), dims.begin(), dims.end());
  return sizes;
}

// A float as text that is read back as the same.
std::string literal(double value) { return fmt::format("{:.16e}", value); }

std::string strides_text(KernelWriter& writer, const AttentionHeads& heads) {
  return fmt::format("{{{}, {}, {}}}", writer.value(heads.batch_stride),
                     writer.value(heads.head_stride), writer.value(heads.row_stride));
}

// Elements that divide all sizes and fill at most 16 bytes.
int common_vector(const std::vector<int64_t>& sizes, ElementType element) {
  for (int vector = 128 / bit_width(element); vector > 1; vector /= 2)
    if (std::all_of(sizes.begin(), sizes.end(), [&](int64_t s) { return s % vector == 0; }))
      return vector;
  return 1;
}

}  // namespace

bool has_output(const Problem& problem, size_t i) {
  return i < problem.outputs.size() && problem.outputs[i].has_value();
}

std::optional<std::string> rejects_attention(const Problem& problem) {
  if (problem.kind != ProblemKind::attention || problem.op != "Attention")
    return "computes attention only";
  if (problem.has_epilogue()) return "takes Attention alone";
  if (auto reason = rejects_operands(problem, true)) return reason;
  for (size_t i : {attention_query, attention_key, attention_value})
    if (!has_input(problem, i)) return "an operand is absent";
  if (has_input(problem, attention_past_key) != has_input(problem, attention_past_value))
    return "past keys come without past values";
  for (size_t i : {attention_past_key, attention_past_value})
    if (has_input(problem, i) &&
        (problem.inputs[i]->type.element != problem.inputs[attention_query]->type.element ||
         problem.inputs[i]->type.rank() != 4))
      return "past keys and values have another type or rank";
  if (has_input(problem, attention_mask) && (problem.inputs[attention_mask]->type.rank() == 0 ||
                                             problem.inputs[attention_mask]->type.rank() > 4))
    return "the mask has to have 1 to 4 dimensions";
  for (const auto& output : problem.outputs)
    if (output && output->type.element != problem.inputs[attention_query]->type.element)
      return "a result has another type than Q";
  if (problem.attributes.integer("softmax_precision", 1) ==
          static_cast<int64_t>(ElementType::float64) &&
      problem.inputs[attention_query]->type.element != ElementType::float64)
    return "softmax_precision is float64";
  if (auto reason = rejects_layouts(problem)) return reason;
  return rejects_heads(problem);
}

AttentionHeads attention_heads(const Dims& dims, const Layout& layout, int64_t packed_heads) {
  const Dims step = strides_of(dims, layout);
  if (dims.size() == 4)
    return {dims[0], dims[1], dims[2], dims[3].constant(), step[0], step[1], step[2]};
  const int64_t size = dims[2].constant() / packed_heads;
  return {dims[0], packed_heads, dims[1], size, step[0], size, step[1]};
}

AttentionSizes attention_sizes(const KernelWriter& writer) {
  const Problem& problem = writer.problem();
  const int64_t q_heads = problem.attributes.integer("q_num_heads", 0);
  const int64_t kv_heads = problem.attributes.integer("kv_num_heads", 0);
  AttentionSizes sizes;
  sizes.element = problem.inputs[attention_query]->type.element;
  const auto input = [&](size_t i, int64_t heads) {
    return attention_heads(writer.input_dims(i), problem.inputs[i]->layout, heads);
  };
  sizes.q = input(attention_query, q_heads);
  sizes.k = input(attention_key, kv_heads);
  sizes.v = input(attention_value, kv_heads);
  // The result's own sizes say nothing that Q and V don't.
  sizes.y = sizes.q;
  sizes.y.size = sizes.v.size;
  const Dim size = sizes.v.size;
  const bool packed = problem.inputs[attention_query]->type.rank() == 3;
  sizes.y.row_stride = packed ? sizes.q.heads * size : size;
  sizes.y.head_stride = packed ? size : sizes.q.length * size;
  sizes.y.batch_stride = sizes.q.heads * sizes.q.length * size;
  sizes.past =
      has_input(problem, attention_past_key) ? writer.input_dims(attention_past_key)[2] : Dim(0);
  sizes.total = sizes.past + sizes.k.length;
  if (has_input(problem, attention_mask))
    sizes.mask = mask_sizes(writer.input_dims(attention_mask));
  if (sizes.q.heads.is_constant() && sizes.k.heads.is_constant() && !sizes.k.heads.is_constant(0))
    sizes.group = sizes.q.heads.constant() / sizes.k.heads.constant();
  std::vector<int64_t> distances{sizes.q.size, sizes.v.size};
  for (size_t i : {attention_query, attention_key, attention_value})
    distances.push_back(problem.inputs[i]->layout.pitch);
  sizes.vector = common_vector(distances, sizes.element);
  return sizes;
}

std::string AttentionTiling::to_string() const {
  return splits > 1 ? fmt::format("{}x{} w{} s{}", rows, keys, warps, splits)
                    : fmt::format("{}x{} w{}", rows, keys, warps);
}

AttentionTiling AttentionTiling::parse(std::string_view text) {
  AttentionTiling tiling;
  const int read = std::sscanf(std::string(text).c_str(), "%dx%d w%d s%d", &tiling.rows,
                               &tiling.keys, &tiling.warps, &tiling.splits);
  require(read >= 3, ErrorCode::invalid_argument, "\"{}\" is no tiling of attention", text);
  return tiling;
}

void declare_attention(KernelWriter& writer, const AttentionSizes& sizes, bool grouped,
                       std::string_view further) {
  const Problem& problem = writer.problem();
  const auto type_of = [&](size_t i, std::string_view otherwise) {
    return has_input(problem, i) ? storage_type(problem.inputs[i]->type.element) : otherwise;
  };
  const double scale =
      problem.attributes.number("scale", 1 / std::sqrt(static_cast<double>(sizes.q.size)));
  const double softcap = problem.attributes.number("softcap", 0);
  const bool has_mask = !sizes.mask.empty();
  const bool varies =
      has_mask && (!sizes.mask[2].is_constant(1) || (grouped && !sizes.mask[1].is_constant(1)));
  const bool pairs = has_mask && sizes.mask[3].is_constant() && sizes.mask[3].constant() % 2 == 0;
  writer.declare(fmt::format(
      "struct AttentionConfig {{\n"
      "using element = {};\nusing mask_element = {};\nusing length_element = {};\n"
      "static constexpr int head = {}, value_head = {}, vector = {};\n"
      "static constexpr {} scale = {}, softcap = {};\n"
      "static constexpr bool causal = {}, has_past = {}, has_mask = {}, has_lengths = {};\n"
      "static constexpr bool mask_varies = {}, mask_pairs = {}, grouped = {};\n{}}};\n",
      storage_type(sizes.element), type_of(attention_mask, "bool"),
      type_of(attention_lengths, "int64"), sizes.q.size, sizes.v.size, sizes.vector,
      compute_type(sizes.element), literal(scale), literal(softcap > 0 ? softcap : 0),
      problem.attributes.integer("is_causal", 0) != 0, has_input(problem, attention_past_key),
      has_mask, has_input(problem, attention_lengths), varies, pairs, grouped, further));
}

void fill_attention_operands(KernelWriter& writer, const AttentionSizes& sizes,
                             std::string_view partial) {
  const Problem& problem = writer.problem();
  const auto pointer = [&](size_t i) {
    return has_input(problem, i) ? writer.input(i) : std::string("nullptr");
  };
  const auto number = [&](std::string_view name, const Dim& dim) {
    writer.body(fmt::format("operands.{} = {};\n", name, writer.value(dim)));
  };
  writer.body("AttentionOperands<AttentionConfig> operands;\n");
  writer.body(fmt::format("operands.q = {};\noperands.k = {};\noperands.v = {};\n",
                          pointer(attention_query), pointer(attention_key),
                          pointer(attention_value)));
  writer.body(fmt::format("operands.past_k = {};\noperands.past_v = {};\n",
                          pointer(attention_past_key), pointer(attention_past_value)));
  writer.body(fmt::format("operands.mask = {};\noperands.lengths = {};\n", pointer(attention_mask),
                          pointer(attention_lengths)));
  writer.body(fmt::format(
      "operands.y = {};\noperands.shown = {};\noperands.partial = {};\n",
      writer.output(attention_result),
      has_output(problem, attention_scores) ? writer.output(attention_scores) : "nullptr",
      partial.empty() ? "nullptr" : partial));
  writer.body(fmt::format("operands.q_at = {};\noperands.k_at = {};\n",
                          strides_text(writer, sizes.q), strides_text(writer, sizes.k)));
  writer.body(fmt::format("operands.v_at = {};\noperands.y_at = {};\n",
                          strides_text(writer, sizes.v), strides_text(writer, sizes.y)));
  number("batch", sizes.q.batch);
  number("heads", sizes.q.heads);
  number("key_heads", sizes.k.heads);
  number("queries", sizes.q.length);
  number("keys", sizes.k.length);
  number("past", sizes.past);
  const Dims mask = sizes.mask.empty() ? Dims{1, 1, 1, 0} : sizes.mask;
  number("mask_batches", mask[0]);
  number("mask_heads", mask[1]);
  number("mask_queries", mask[2]);
  number("mask_length", mask[3]);
}

void append_attention_past(const Problem& problem, DeviceSource& source) {
  for (const bool value : {false, true}) {
    const size_t output = value ? attention_present_value : attention_present_key;
    if (!has_output(problem, output)) continue;
    KernelWriter writer(problem, "append");
    writer.include("attention.cu");
    writer.include("attention_append.cu");
    const AttentionSizes sizes = attention_sizes(writer);
    const AttentionHeads& now = value ? sizes.v : sizes.k;
    const size_t past = value ? attention_past_value : attention_past_key;
    const int64_t pitch = problem.inputs[value ? attention_value : attention_key]->layout.pitch;
    const int vector = common_vector({now.size, pitch}, sizes.element);
    writer.body(
        fmt::format("const AttentionStrides at = {};\n"
                    "attention_append<{}, {}>({}, {}, at, {}, {}, {}, {}, {}, {});\n",
                    strides_text(writer, now), vector, storage_type(sizes.element),
                    has_input(problem, past) ? writer.input(past) : "nullptr",
                    writer.input(value ? attention_value : attention_key), writer.output(output),
                    writer.value(now.batch), writer.value(now.heads), writer.value(sizes.past),
                    writer.value(sizes.total), now.size));
    const Dim pieces = now.batch * now.heads * sizes.total * Dim(now.size / vector);
    writer.finish({{blocks_for(pieces, 256), 1, 1}, {256, 1, 1}}, source);
  }
}

Dim attention_blocks(const AttentionSizes& sizes, int rows, bool grouped) {
  const Dim count = grouped ? Dim(sizes.group) * sizes.q.length : sizes.q.length;
  return ceil_div(count, Dim(int64_t{rows})) * sizes.q.batch *
         (grouped ? sizes.k.heads : sizes.q.heads);
}

}  // namespace cermet::cuda
