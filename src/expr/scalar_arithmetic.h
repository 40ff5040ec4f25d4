// One scalar operation on wide values. Private to src/expr.
#pragma once

#include <span>

#include "expr/scalar_expr.h"

namespace cermet {

// `node` (neither leaf nor cast) on arguments of `type` (of the second one for select). Floats are
// not rounded, integers wrapped.
WideScalar apply_scalar(const ScalarNode& node, ElementType type, std::span<const WideScalar> args);

}  // namespace cermet
