// GroupQueryAttention of com.microsoft: the new keys and values are written into the cache behind
// what each sequence holds so far, and each query sees the keys up to its own position.
#include "ops/matrix/attention_import.h"
#include "ops/raw_input.h"

namespace cermet {
namespace {

enum Input : size_t {
  query,
  key,
  value,
  past_key,
  past_value,
  lengths,  // int32[batch]: tokens of each sequence, the new ones included, less one
  total,    // int32: the largest number of tokens
  cosines,
  sines,
  positions,
  bias,
  sinks
};

Attributes one(std::string_view name, int64_t value) {
  Attributes attributes;
  attributes.set(name, value);
  return attributes;
}

// The size of dimension `at`, as a vector of one element.
ValueId size(GraphBuilder& builder, ValueId tensor, int64_t at) {
  Attributes which = one("start", at);
  which.set("end", at + 1);
  return builder.add("Shape", {tensor}, std::move(which));
}

ValueId swap_middle(GraphBuilder& builder, ValueId tensor) {
  Attributes order;
  order.set("perm", std::vector<int64_t>{0, 2, 1, 3});
  return builder.add("Transpose", {tensor}, std::move(order));
}

// [batch, length, heads * size] as [batch, heads, length, size].
ValueId split_heads(GraphBuilder& builder, ValueId tensor, int64_t heads) {
  return swap_middle(builder,
                     builder.add("Reshape", {tensor, builder.integers({0, 0, heads, -1})}));
}

struct Operands {
  ValueId q, k, v;  // [batch, heads, length, size]
};

// Query, key and value are three inputs, or lie behind each other in the first.
Operands operands_of(const RawNode& node, GraphBuilder& builder, int64_t heads, int64_t kv_heads) {
  if (node.input(key) != no_value)
    return {split_heads(builder, node.input(query), heads),
            split_heads(builder, node.input(key), kv_heads),
            split_heads(builder, required_input(node, value), kv_heads)};
  const ValueId all = split_heads(builder, required_input(node, query), heads + 2 * kv_heads);
  const auto parts = builder.add_all("Split", {all, builder.integers({heads, kv_heads, kv_heads})},
                                     3, one("axis", 1));
  return {parts[0], parts[1], parts[2]};
}

// int64[batch, 1]: how many tokens of each sequence came before these.
ValueId tokens_before(const RawNode& node, GraphBuilder& builder, ValueId queries) {
  const ValueId last = builder.cast(required_input(node, lengths), ElementType::int64);
  const ValueId counts = builder.add(
      "Add", {builder.add("Reshape", {last, builder.integers({-1, 1})}), builder.integer(1)});
  const ValueId before = builder.add("Sub", {counts, size(builder, queries, 2)});
  return builder.add("Max", {before, builder.integer(0)});
}

// int64[length]: 0, 1, ...
ValueId steps(GraphBuilder& builder, ValueId length) {
  const ValueId count = builder.add("Squeeze", {length, builder.integers({0})});
  return builder.add("Range", {builder.integer(0), count, builder.integer(1)});
}

ValueId rotate(const RawNode& node, GraphBuilder& builder, ValueId heads, ValueId at) {
  return builder.add("RotaryEmbedding",
                     {heads, required_input(node, cosines), required_input(node, sines), at},
                     one("interleaved", node.attributes.integer("rotary_interleaved", 0)));
}

// The cache has room for the largest number of tokens, and more if the model gave it more.
ValueId write_cache(const RawNode& node, GraphBuilder& builder, Input past, ValueId now,
                    ValueId before) {
  if (node.input(past) == no_value) return now;
  const ValueId old = node.input(past);
  const ValueId wanted = builder.add(
      "Reshape",
      {builder.cast(required_input(node, total), ElementType::int64), builder.integers({1})});
  const ValueId grown = builder.add(
      "Max", {builder.add("Sub", {wanted, size(builder, old, 2)}), builder.integers({0})});
  const ValueId margins =
      builder.add("Concat", {builder.integers({0, 0, 0, 0, 0, 0}), grown, builder.integers({0})},
                  one("axis", 0));
  const ValueId room = builder.add("Pad", {old, margins});
  const ValueId at = builder.add("Squeeze", {before, builder.integers({1})});
  return builder.add("TensorScatter", {room, now, at}, one("axis", -2));
}

// bool[batch, 1, queries, keys]: may the query at `at` [batch, queries] see the key.
ValueId visible(const RawNode& node, GraphBuilder& builder, ValueId at, ValueId keys) {
  const ValueId places = steps(builder, size(builder, keys, 2));
  const ValueId own = builder.add("Unsqueeze", {at, builder.integers({1, 3})});
  const ValueId seen = builder.add("LessOrEqual", {places, own});
  const int64_t window = node.attributes.integer("local_window_size", -1);
  if (window < 0) return seen;
  const ValueId first = builder.add("Sub", {own, builder.integer(window)});
  return builder.add("And", {seen, builder.add("Greater", {places, first})});
}

void require_known_form(const RawNode& node) {
  for (const auto& [input, name] : {std::pair{bias, "attention_bias"}, {sinks, "head_sink"}})
    require(node.input(input) == no_value, ErrorCode::unsupported,
            "GroupQueryAttention: the input {} is not supported", name);
  require(node.attributes.integer("smooth_softmax", 0) <= 0 && node.output_count <= 3 &&
              node.attributes.text("k_quant_type", "NONE") == "NONE" &&
              node.attributes.text("v_quant_type", "NONE") == "NONE",
          ErrorCode::unsupported,
          "GroupQueryAttention: expected no smooth_softmax, no quantised cache and 3 outputs at "
          "most");
}

}  // namespace

// -> output [batch, length, heads * size], keys and values so far
std::optional<std::vector<ValueId>> import_group_query_attention(RawNode& node,
                                                                 GraphBuilder& builder) {
  require_known_form(node);
  Operands all = operands_of(node, builder, node.attributes.integer("num_heads"),
                             node.attributes.integer("kv_num_heads"));
  const ValueId before = tokens_before(node, builder, all.q);
  const ValueId at = builder.add("Add", {before, steps(builder, size(builder, all.q, 2))});
  if (node.attributes.integer("do_rotary", 0) != 0) {
    const ValueId angle = node.input(positions) == no_value ? at : node.input(positions);
    all.q = rotate(node, builder, all.q, angle);
    all.k = rotate(node, builder, all.k, angle);
  }
  const ValueId keys = write_cache(node, builder, past_key, all.k, before);
  const ValueId values = write_cache(node, builder, past_value, all.v, before);
  Attributes attributes;
  for (const char* name : {"scale", "softcap"})
    if (const double given = node.attributes.number(name, 0); given != 0)
      attributes.set(name, given);
  const ValueId result = builder.add(
      "Attention", {all.q, keys, values, visible(node, builder, at, keys)}, std::move(attributes));
  std::vector<ValueId> outputs{
      builder.add("Reshape", {swap_middle(builder, result), builder.integers({0, 0, -1})}), keys,
      values};
  outputs.resize(node.output_count);
  return outputs;
}

}  // namespace cermet
