// Convolutions by NVIDIA's cuDNN.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

// Convolutions with even padding, with no epilogue but a bias, an addend and ReLU; a configuration
// for each of the library's algorithms.
Tactic cudnn_tactic();

}  // namespace cermet::cuda
