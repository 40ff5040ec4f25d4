// Import rules of matrix products that ONNX Runtime's optimiser has fused with their surroundings.
#pragma once

#include "ops/import_rule.h"

namespace cermet {

// y = alpha * op(A) * op(B), where op may swap dimensions.
std::optional<std::vector<ValueId>> import_fused_mat_mul(RawNode& node, GraphBuilder& builder);
// y = activation(alpha * op(A) * op(B) + beta * C).
std::optional<std::vector<ValueId>> import_fused_gemm(RawNode& node, GraphBuilder& builder);

}  // namespace cermet
