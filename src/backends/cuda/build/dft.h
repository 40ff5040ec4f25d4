// "cuda.dft": DFT along a constant axis, and STFT, by the definition.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic dft_tactic();

}  // namespace cermet::cuda
