// A step with an epilogue as two steps.
#pragma once

#include "expr/cut_expression.h"
#include "plan/plan.h"

namespace cermet {

// The operator with the head of its epilogue, and a pointwise step that does the rest.
struct CutStep {
  Step head, rest;
};

// Cuts the step's epilogue. What the head hands to the rest becomes the last of the plan's buffers;
// the plan's steps stay as they are. `cut` is one of cuts_of(step.problem.expression).
CutStep cut_step(Plan& plan, const Step& step, const CutExpression& cut);

}  // namespace cermet
