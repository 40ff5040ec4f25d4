// Splits that move nothing.
#pragma once

#include "problem/problem.h"

namespace cermet {

// Whether all results of a Split are views of its operand.
bool cuts_in_place(const Problem& split);

}  // namespace cermet
