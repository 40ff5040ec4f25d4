// What an elementwise operator does to one element, as an expression: for pointwise fusion and
// epilogues.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/attributes.h"
#include "expr/scalar_expr.h"

namespace cermet {

// The expression of one node of ONNX's domain with a single result: operand i is the node's input
// i, of element type types[i]; undefined for an input that is absent. Nothing when the operator, or
// the operator on these types, has no such meaning. The numpy broadcasting of the expression's
// operands is the operator's own, but for QuantizeLinear and DequantizeLinear: their scales and
// zero points have to broadcast to the tensor, which a scalar does and a vector may after a
// reshape.
std::optional<ScalarExpr> scalar_expression(std::string_view op, const Attributes& attributes,
                                            std::span<const ElementType> types);

}  // namespace cermet
