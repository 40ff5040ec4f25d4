// How matrix operators of earlier versions, and those of com.microsoft, become the newest ones.
#include <array>

#include "base/error.h"
#include "ops/import_rule.h"
#include "ops/matrix/attention_import.h"
#include "ops/matrix/fused_products.h"

namespace cermet {
namespace {

using Rewritten = std::optional<std::vector<ValueId>>;

// C always broadcasts one way now.
Rewritten old_gemm(RawNode& node, GraphBuilder&) {
  node.attributes.erase("broadcast");
  return std::nullopt;
}

constexpr std::string_view microsoft = "com.microsoft";

}  // namespace

std::span<const ImportRule> matrix_import_rules() {
  static constexpr std::array rules{
      ImportRule{"Gemm", 7, old_gemm},
      ImportRule{"FusedMatMul", 0, import_fused_mat_mul, microsoft},
      ImportRule{"FusedGemm", 0, import_fused_gemm, microsoft},
      ImportRule{"TransposeMatMul", 0, import_fused_mat_mul, microsoft},
      ImportRule{"Attention", 0, import_packed_attention, microsoft},
      ImportRule{"GroupQueryAttention", 0, import_group_query_attention, microsoft},
      ImportRule{"MultiHeadAttention", 0, import_multi_head_attention, microsoft},
      ImportRule{"FlexAttention", 0, import_flex_attention, "ai.onnx.preview"},
      ImportRule{"RotaryEmbedding", 0, import_microsoft_rotary, microsoft},
  };
  return rules;
}

}  // namespace cermet
