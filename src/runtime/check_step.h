// What a step's kernel relies on, checked before it is bound to shapes: a file may say anything.
#pragma once

#include "plan/kernel.h"

namespace cermet {

// Throws invalid_engine unless the results have the shapes and element types that the operator's
// inference, or broadcasting under an expression, gives for these inputs. Steps of plugins are
// left to them.
void check_step(const Plan& plan, const Step& step, const BindContext& context);

// Throws invalid_engine unless a buffer of this shape that begins `offset` bytes behind its alias,
// which has the shape `within`, lies within it.
void check_part(const Plan& plan, BufferId id, const Shape& shape, const Shape& within,
                int64_t offset);

}  // namespace cermet
