// "cuda.resize": Resize of any number of dimensions under unblocked layouts, every mode.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic resize_tactic();

}  // namespace cermet::cuda
