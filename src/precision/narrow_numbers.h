// Numbers of float32 as numbers of 16 bits: constants and expressions.
#pragma once

#include <span>

#include "cermet/tensor.h"
#include "expr/scalar_expr.h"

namespace cermet {

// The largest finite number of float16 or bfloat16.
double largest_number(ElementType type);
// Whether a finite number of the float32 tensor is beyond it.
bool exceeds(const Tensor& tensor, ElementType type);
// Whether one that is not 0 would become 0.
bool vanishes(const Tensor& tensor, ElementType type);
// Finite numbers stay finite.
Tensor narrowed(const Tensor& tensor, ElementType type);

// Adds the node's value rounded to the type; finite numbers stay finite where `saturate` is set.
int add_narrowed(ScalarExpr& expression, int node, ElementType type, bool saturate);
// Whether a finite constant of the expression is beyond the type's range.
bool exceeds(const ScalarExpr& expression, ElementType type);
// Sines and cosines need all digits of their arguments.
bool has_waves(const ScalarExpr& expression);

// The expression on operands and with results of other types: computed as before, with casts at its
// ends. types[i] is the type of operand i; results that become narrow are saturated on demand.
ScalarExpr retyped(const ScalarExpr& expression, std::span<const ElementType> types,
                   std::span<const ElementType> results, bool saturate);

}  // namespace cermet
