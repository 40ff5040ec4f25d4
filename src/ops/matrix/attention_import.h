// Import rules of attention in the forms that com.microsoft and ai.onnx.preview give it.
#pragma once

#include "ops/import_rule.h"

namespace cermet {

std::optional<std::vector<ValueId>> import_packed_attention(RawNode& node, GraphBuilder& builder);
std::optional<std::vector<ValueId>> import_multi_head_attention(RawNode& node,
                                                                GraphBuilder& builder);
std::optional<std::vector<ValueId>> import_group_query_attention(RawNode& node,
                                                                 GraphBuilder& builder);
std::optional<std::vector<ValueId>> import_flex_attention(RawNode& node, GraphBuilder& builder);
std::optional<std::vector<ValueId>> import_microsoft_rotary(RawNode& node, GraphBuilder& builder);

}  // namespace cermet
