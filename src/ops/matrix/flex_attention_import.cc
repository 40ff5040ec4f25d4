#include <cmath>

#include "base/error.h"
#include "ops/matrix/attention_import.h"

namespace cermet {
namespace {

// Sizes that the expansion must know while building.
int64_t fixed_size(const GraphBuilder& builder, ValueId value, size_t dimension,
                   std::string_view what) {
  const ValueType& type = builder.type(value);
  const bool known = type.has_rank() && type.rank() == 4 && (*type.dims)[dimension].is_constant();
  require(known, ErrorCode::unsupported,
          "FlexAttention: expected 4 dimensions with a fixed {}, got {}", what, type.to_string());
  return (*type.dims)[dimension].constant();
}

// Repeats each head for the queries that share it.
ValueId repeat_heads(GraphBuilder& builder, ValueId value, int64_t group) {
  if (group == 1) return value;
  const int64_t heads = fixed_size(builder, value, 1, "number of heads");
  const int64_t size = fixed_size(builder, value, 3, "head size");
  const ValueId apart = builder.add("Unsqueeze", {value, builder.integers({2})});
  const ValueId repeated = builder.add("Expand", {apart, builder.integers({1, 1, group, 1, 1})});
  return builder.add("Reshape", {repeated, builder.integers({0, heads * group, -1, size})});
}

ElementType softmax_type(const RawNode& node, ElementType element) {
  const ElementType otherwise =
      element == ElementType::float64 ? ElementType::float64 : ElementType::float32;
  const int64_t type =
      node.attributes.integer("softmax_precision", static_cast<int64_t>(otherwise));
  require(type > 0 && type < element_type_count && is_floating(static_cast<ElementType>(type)),
          ErrorCode::invalid_model, "softmax_precision: expected a float type, got {}", type);
  return static_cast<ElementType>(type);
}

// The graph attribute of that name, if there is one, on the scores or probabilities.
ValueId modified(const RawNode& node, std::string_view attribute, ValueId value) {
  const auto graph = node.graphs.find(std::string(attribute));
  if (graph == node.graphs.end()) return value;
  const std::vector<ValueId> results = graph->second(std::vector{value});
  require(results.size() == 1, ErrorCode::invalid_model, "{}: expected one result, got {}",
          attribute, results.size());
  return results[0];
}

}  // namespace

// Plain attention when nothing modifies scores or probabilities, else its formula step by step.
std::optional<std::vector<ValueId>> import_flex_attention(RawNode& node, GraphBuilder& builder) {
  require(node.inputs.size() == 3, ErrorCode::invalid_model,
          "FlexAttention: expected query, key and value, got {} inputs", node.inputs.size());
  const int64_t size = fixed_size(builder, node.input(0), 3, "head size");
  const double scale = node.attributes.number("scale", 1 / std::sqrt(static_cast<double>(size)));
  if (node.graphs.empty()) {
    Attributes attributes;
    attributes.set("scale", scale);
    return std::vector{builder.add("Attention", node.inputs, attributes)};
  }
  const int64_t heads = fixed_size(builder, node.input(0), 1, "number of heads");
  const int64_t kv_heads = fixed_size(builder, node.input(1), 1, "number of heads");
  require(kv_heads > 0 && heads % kv_heads == 0, ErrorCode::invalid_model,
          "FlexAttention: {} query heads do not divide among {} key heads", heads, kv_heads);
  const ElementType element = builder.element(node.input(0));
  const ElementType type = softmax_type(node, element);
  const int64_t group = heads / kv_heads;
  Attributes swap;
  swap.set("perm", std::vector<int64_t>{0, 1, 3, 2});
  const ValueId q = builder.cast(node.input(0), type);
  const ValueId k = builder.cast(repeat_heads(builder, node.input(1), group), type);
  const ValueId v = builder.cast(repeat_heads(builder, node.input(2), group), type);
  ValueId scores = builder.add("MatMul", {q, builder.add("Transpose", {k}, swap)});
  scores = builder.add("Mul", {scores, builder.scalar(type, scale)});
  scores = modified(node, "score_mod", scores);
  const ValueId probabilities = modified(node, "prob_mod", builder.add("Softmax", {scores}));
  return std::vector{builder.cast(builder.add("MatMul", {probabilities, v}), element)};
}

}  // namespace cermet
