// Convolutions of windows of 3 x 3 by Winograd's algorithm: patches of the image are transformed
// into the workspace, a batch of products by tiles (gemm_source.h) goes through them, and its sums
// are transformed into results.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic winograd_tactic();

}  // namespace cermet::cuda
