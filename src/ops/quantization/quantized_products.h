// Import of matrix products, convolutions, layers and gathers on quantised operands.
#pragma once

#include "ops/import_rule.h"

namespace cermet {

using ImportResult = std::optional<std::vector<ValueId>>;

ImportResult import_qlinear_conv(RawNode& node, GraphBuilder& builder);
ImportResult import_qlinear_mat_mul(RawNode& node, GraphBuilder& builder);
// com.microsoft
ImportResult import_qgemm(RawNode& node, GraphBuilder& builder);
ImportResult import_dynamic_quantize_mat_mul(RawNode& node, GraphBuilder& builder);
ImportResult import_mat_mul_integer_to_float(RawNode& node, GraphBuilder& builder);
ImportResult import_mat_mul_integer16(RawNode& node, GraphBuilder& builder);
ImportResult import_gather_block_quantized(RawNode& node, GraphBuilder& builder);
ImportResult import_mat_mul_bnb4(RawNode& node, GraphBuilder& builder);
ImportResult import_mat_mul_n_bits(RawNode& node, GraphBuilder& builder);
ImportResult import_qattention(RawNode& node, GraphBuilder& builder);
ImportResult import_qembed_layer(RawNode& node, GraphBuilder& builder);
ImportResult import_dynamic_quantize_lstm(RawNode& node, GraphBuilder& builder);
ImportResult import_nhwc_max_pool(RawNode& node, GraphBuilder& builder);

}  // namespace cermet
