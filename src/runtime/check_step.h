// What a step's kernel relies on, checked before it is bound to shapes: a file may say anything.
#pragma once

#include "plan/kernel.h"

namespace cermet {

// Throws invalid_engine unless the results have the shapes and element types that the operator's
// inference, or broadcasting under an expression, gives for these inputs. Steps of plugins are
// left to them.
void check_step(const Plan& plan, const Step& step, const BindContext& context);

}  // namespace cermet
