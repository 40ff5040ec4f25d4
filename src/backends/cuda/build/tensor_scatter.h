// "cuda.tensor_scatter": TensorScatter, which writes updates into a cache.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic tensor_scatter_tactic();

}  // namespace cermet::cuda
