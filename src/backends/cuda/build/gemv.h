// Products with few rows on the left.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

// The configuration "c2 w8 d4": a warp takes 2 columns, a block has 8 warps, 4 of which share the
// depth.
Tactic gemv_tactic();

}  // namespace cermet::cuda
