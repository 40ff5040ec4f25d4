// Images read at places that are computed: "cuda.grid_sample" takes GridSample, AffineGrid and
// RoiAlign.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic grid_sample_tactic();

}  // namespace cermet::cuda
