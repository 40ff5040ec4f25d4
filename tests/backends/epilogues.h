// Epilogues as a model's nodes would give them.
#pragma once

#include <string>
#include <vector>

#include "expr/scalar_expr.h"

namespace cermet::test {

// Shapes of operands 1, 2, ... as words: "channel" (one element a channel), "full", "scalar".
struct Epilogue {
  std::string name;
  ScalarExpr expression;
  std::vector<std::string> operands;
};

const std::vector<Epilogue>& epilogues();

}  // namespace cermet::test
