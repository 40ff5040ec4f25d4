// "cuda.fill": results that follow from coordinates: OneHot, Trilu, EyeLike, Range,
// ConstantOfShape.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic fill_tactic();

}  // namespace cermet::cuda
