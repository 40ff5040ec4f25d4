// The laws that a plan from a file must keep for kernels to stay within their operands.
#pragma once

#include "plan/plan.h"

namespace cermet {

// verify(plan) and more: everything that an index or a count refers to. Throws invalid_engine or
// internal, naming the field.
void check_plan(const Plan& plan);

}  // namespace cermet
