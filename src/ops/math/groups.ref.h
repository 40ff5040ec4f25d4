// The groups of the family: each file of this folder lists its own operators.
#pragma once

#include <span>

#include "ops/operator.ref.h"

namespace cermet {

std::span<const Operator> unary_operators();       // functions of one number
std::span<const Operator> activation_operators();  // those with parameters
std::span<const Operator> arithmetic_operators();  // two numbers, bits
std::span<const Operator> comparison_operators();  // boolean results
std::span<const Operator> variadic_operators();    // any number of inputs
std::span<const Operator> selection_operators();   // elements handed on unchanged
std::span<const Operator> cast_operators();        // between element types

}  // namespace cermet
