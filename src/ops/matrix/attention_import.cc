#include "ops/matrix/attention_import.h"

#include "base/error.h"

namespace cermet {
namespace {

using Rewritten = std::optional<std::vector<ValueId>>;

bool wants(const RawNode& node, size_t output) {
  return output < node.wanted.size() && node.wanted[output];
}

void refuse_input(const RawNode& node, size_t input, std::string_view name) {
  require(node.input(input) == no_value, ErrorCode::unsupported,
          "{}: the input {} is not supported", node.op, name);
}

// Splits the last dimension into three; their sizes by attribute or equal.
std::vector<ValueId> split_three(GraphBuilder& builder, ValueId value,
                                 const std::vector<int64_t>& sizes) {
  Attributes last;
  last.set("axis", int64_t{-1});
  if (!sizes.empty()) return builder.add_all("Split", {value, builder.integers(sizes)}, 3, last);
  last.set("num_outputs", int64_t{3});
  return builder.add_all("Split", {value}, 3, last);
}

// What attention adds to its scores, and how many keys count, out of a mask and a bias.
struct Masking {
  ValueId bias = no_value;     // broadcasts to [batch, heads, queries, keys]
  ValueId lengths = no_value;  // int64[batch]
};

// The mask holds a length for each sequence, or 0 and 1 for each key or each pair.
Masking masking_of(const RawNode& node, GraphBuilder& builder, ValueId mask, ValueId bias) {
  Masking result{bias, no_value};
  if (mask == no_value) return result;
  const ValueType type = builder.type(mask);
  require(type.has_rank() && type.rank() >= 1 && type.rank() <= 3, ErrorCode::unsupported,
          "{}: a mask of type {} is not supported; expected 1 to 3 dimensions", node.op,
          type.to_string());
  if (type.rank() == 1) {
    result.lengths = builder.cast(mask, ElementType::int64);
    return result;
  }
  const ElementType element = builder.element(node.input(0));
  const ValueId wide = builder.add(
      "Unsqueeze", {mask, builder.integers(type.rank() == 2 ? std::vector<int64_t>{1, 2}
                                                            : std::vector<int64_t>{1})});
  const ValueId filter =
      builder.scalar(element, node.attributes.number("mask_filter_value", -10000));
  const ValueId added = builder.add(
      "Where", {builder.cast(wide, ElementType::boolean), builder.scalar(element, 0), filter});
  result.bias = bias == no_value ? added : builder.add("Add", {added, bias});
  return result;
}

Attributes attention_attributes(const RawNode& node) {
  Attributes attributes;
  const int64_t heads = node.attributes.integer("num_heads");
  attributes.set("q_num_heads", heads);
  attributes.set("kv_num_heads", heads);
  attributes.set("is_causal", node.attributes.integer("unidirectional", 0));
  if (const double scale = node.attributes.number("scale", 0); scale != 0)
    attributes.set("scale", scale);
  return attributes;
}

// One half of a past of shape [2, batch, heads, length, size].
ValueId past_half(GraphBuilder& builder, ValueId past, int64_t half) {
  Attributes first;
  first.set("axis", int64_t{0});
  return builder.add("Gather", {past, builder.integer(half)}, first);
}

ValueId stack_halves(GraphBuilder& builder, ValueId keys, ValueId values) {
  Attributes first;
  first.set("axis", int64_t{0});
  const ValueId at = builder.integers({0});
  return builder.add("Concat",
                     {builder.add("Unsqueeze", {keys, at}), builder.add("Unsqueeze", {values, at})},
                     first);
}

// The sizes of the query, key and value parts of a bias over all three.
std::vector<int64_t> part_sizes(const RawNode& node, const GraphBuilder& builder) {
  std::vector<int64_t> sizes;
  for (size_t i = 0; i < 3; ++i) {
    const ValueType& type = builder.type(node.input(i));
    const bool known = type.has_rank() && type.rank() == 3 && type.dims->back().is_constant();
    require(known, ErrorCode::unsupported,
            "{}: a bias needs inputs of 3 dimensions with a fixed last size, got {}", node.op,
            type.to_string());
    sizes.push_back(type.dims->back().constant());
  }
  return sizes;
}

}  // namespace

// input, weights, bias, mask, past, attention bias -> output, present
Rewritten import_packed_attention(RawNode& node, GraphBuilder& builder) {
  refuse_input(node, 6, "past_sequence_length");
  require(node.attributes.integer("do_rotary", 0) == 0, ErrorCode::unsupported,
          "Attention (com.microsoft): do_rotary is not supported");
  ValueId packed = builder.add("MatMul", {node.input(0), node.input(1)});
  if (node.input(2) != no_value) packed = builder.add("Add", {packed, node.input(2)});
  const std::vector<ValueId> parts =
      split_three(builder, packed, node.attributes.integers("qkv_hidden_sizes", {}));
  const Masking masking = masking_of(node, builder, node.input(3), node.input(5));
  const ValueId past = node.input(4);
  const bool has_past = past != no_value;
  const std::vector<ValueId> results =
      builder.add_all("Attention",
                      {parts[0], parts[1], parts[2], masking.bias,
                       has_past ? past_half(builder, past, 0) : no_value,
                       has_past ? past_half(builder, past, 1) : no_value, masking.lengths},
                      wants(node, 1) ? 3 : 1, attention_attributes(node));
  std::vector<ValueId> outputs{results[0]};
  if (wants(node, 1)) outputs.push_back(stack_halves(builder, results[1], results[2]));
  return outputs;
}

// query, key, value, bias, padding mask, attention bias, past key, past value
//   -> output, present key, present value, scores
Rewritten import_multi_head_attention(RawNode& node, GraphBuilder& builder) {
  refuse_input(node, 8, "past_sequence_length");
  refuse_input(node, 9, "cache_indirection");
  const ValueType query = builder.type(node.input(0));
  const bool separate = node.input(1) != no_value && node.input(2) != no_value &&
                        query.has_rank() && query.rank() == 3;
  require(separate, ErrorCode::unsupported,
          "MultiHeadAttention: expected separate query, key and value, the query of 3 dimensions; "
          "got a query of type {}",
          query.to_string());
  std::vector<ValueId> parts{node.input(0), node.input(1), node.input(2)};
  if (node.input(3) != no_value) {
    const auto biases = split_three(builder, node.input(3), part_sizes(node, builder));
    for (size_t i = 0; i < 3; ++i) parts[i] = builder.add("Add", {parts[i], biases[i]});
  }
  const Masking masking = masking_of(node, builder, node.input(4), node.input(5));
  Attributes attributes = attention_attributes(node);
  attributes.set("qk_matmul_output_mode", int64_t{2});
  return builder.add_all(
      "Attention",
      {parts[0], parts[1], parts[2], masking.bias, node.input(6), node.input(7), masking.lengths},
      std::max<size_t>(1, node.output_count), attributes);
}

// input, positions, cosines, sines. One position is that of the first token of every sequence.
Rewritten import_microsoft_rotary(RawNode& node, GraphBuilder& builder) {
  const ValueId x = node.input(0);
  ValueId positions = node.input(1);
  const ValueType x_type = builder.type(x);
  const ValueType position_type = builder.type(positions);
  require(x_type.has_rank() && position_type.has_rank(), ErrorCode::unsupported,
          "RotaryEmbedding (com.microsoft): the ranks of input and position_ids must be known");
  require(node.attributes.integer("is_packed_batching", 0) == 0 &&
              node.attributes.number("scale", 1) == 1,
          ErrorCode::unsupported,
          "RotaryEmbedding (com.microsoft): is_packed_batching and scale are not supported");
  const int64_t length_axis = x_type.rank() == 4 ? 2 : 1;
  const auto size = [&](int64_t dimension) {
    Attributes which;
    which.set("start", dimension);
    which.set("end", dimension + 1);
    return builder.add("Shape", {x}, which);
  };
  if (position_type.rank() == 1) {
    const ValueId zero = builder.integers({0});
    const ValueId length = builder.add("Squeeze", {size(length_axis), zero});
    const ValueId steps = builder.add("Range", {builder.integer(0), length, builder.integer(1)});
    Attributes first;
    first.set("axis", int64_t{0});
    const ValueId sizes = builder.add("Concat", {size(0), size(length_axis)}, first);
    positions = builder.add("Expand", {builder.add("Add", {steps, positions}), sizes});
  }
  Attributes attributes;
  int64_t heads = node.attributes.integer("num_heads", 0);
  const ValueType cosines = builder.type(node.input(2));
  if (heads == 0 && x_type.rank() == 3 && cosines.is_static() && x_type.dims->back().is_constant())
    heads =
        x_type.dims->back().constant() / std::max<int64_t>(1, 2 * cosines.dims->back().constant());
  attributes.set("num_heads", heads);
  for (const char* kept : {"interleaved", "rotary_embedding_dim"})
    attributes.set(kept, node.attributes.integer(kept, 0));
  return std::vector{
      builder.add("RotaryEmbedding", {x, node.input(2), node.input(3), positions}, attributes)};
}

}  // namespace cermet
