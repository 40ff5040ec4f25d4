// Expressions in two parts.
#pragma once

#include <vector>

#include "expr/scalar_expr.h"

namespace cermet {

// An expression of one result, cut at a value through which operand 0 reaches it: `head` ends at
// that value, `tail` takes it for its operand 0 and goes on. Their other operands are numbered
// anew: operand i is the whole expression's operands[i - 1].
struct CutExpression {
  ScalarExpr head, tail;
  std::vector<int> head_operands, tail_operands;
};

// All such cuts, the one with the longest head first. The last has no head: its tail is the whole
// expression. Nothing where the expression has several results, or none that needs operand 0.
std::vector<CutExpression> cuts_of(const ScalarExpr& expression);

}  // namespace cermet
