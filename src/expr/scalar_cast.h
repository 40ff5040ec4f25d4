// Single values of any element type in wide form: wrapping, rounding and casts. Private to
// src/expr.
#pragma once

#include "expr/scalar_expr.h"

namespace cermet {

// The low bits that `type` keeps, sign- or zero-extended; uint64 by bit pattern. For boolean
// whether the value is not 0.
int64_t wrap_integer(ElementType type, int64_t value);

// The nearest value of a float type. Types of 8 bits and fewer clamp when `saturate`.
double round_to_type(ElementType type, double value, bool saturate = true);

WideScalar cast_scalar(const WideScalar& value, ElementType from, ElementType to, bool saturate);

}  // namespace cermet
