// Matrix products by NVIDIA's cuBLASLt.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

// Products that lie as one strided batch, with no epilogue but a bias, an addend, ReLU or GELU; a
// configuration for each of the library's first choices.
Tactic cublaslt_tactic();

}  // namespace cermet::cuda
