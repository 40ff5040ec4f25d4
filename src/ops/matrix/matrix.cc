// How matrix operators of earlier versions, and those of com.microsoft, become the newest ones.
#include <array>
#include <numeric>

#include "base/error.h"
#include "ops/import_rule.h"
#include "ops/matrix/attention_import.h"

namespace cermet {
namespace {

using Rewritten = std::optional<std::vector<ValueId>>;

// C always broadcasts one way now.
Rewritten old_gemm(RawNode& node, GraphBuilder&) {
  node.attributes.erase("broadcast");
  return std::nullopt;
}

// Swaps the last two dimensions; vectors stay as they are.
ValueId swap_last(GraphBuilder& builder, ValueId value, std::string_view what) {
  const ValueType type = builder.type(value);
  require(type.has_rank(), ErrorCode::unsupported,
          "FusedMatMul: {}: the rank of the operand must be known", what);
  if (type.rank() < 2) return value;
  std::vector<int64_t> order(static_cast<size_t>(type.rank()));
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  Attributes permutation;
  permutation.set("perm", order);
  return builder.add("Transpose", {value}, permutation);
}

Rewritten fused_mat_mul(RawNode& node, GraphBuilder& builder) {
  const Attributes& attributes = node.attributes;
  for (const char* batch : {"transBatchA", "transBatchB"})
    require(attributes.integer(batch, 0) == 0, ErrorCode::unsupported,
            "FusedMatMul: {} is not supported", batch);
  ValueId a = node.input(0);
  ValueId b = node.input(1);
  if (attributes.integer("transA", 0) != 0) a = swap_last(builder, a, "transA");
  if (attributes.integer("transB", 0) != 0) b = swap_last(builder, b, "transB");
  const ValueId product = builder.add("MatMul", {a, b});
  const double alpha = attributes.number("alpha", 1);
  if (alpha == 1) return std::vector{product};
  return std::vector{
      builder.add("Mul", {product, builder.scalar(builder.element(product), alpha)})};
}

constexpr std::string_view microsoft = "com.microsoft";

}  // namespace

std::span<const ImportRule> matrix_import_rules() {
  static constexpr std::array rules{
      ImportRule{"Gemm", 7, old_gemm},
      ImportRule{"FusedMatMul", 0, fused_mat_mul, microsoft},
      ImportRule{"TransposeMatMul", 0, fused_mat_mul, microsoft},
      ImportRule{"Attention", 0, import_packed_attention, microsoft},
      ImportRule{"MultiHeadAttention", 0, import_multi_head_attention, microsoft},
      ImportRule{"FlexAttention", 0, import_flex_attention, "ai.onnx.preview"},
      ImportRule{"RotaryEmbedding", 0, import_microsoft_rotary, microsoft},
  };
  return rules;
}

}  // namespace cermet
