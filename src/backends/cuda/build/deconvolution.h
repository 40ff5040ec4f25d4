// Transposed convolutions, channels-last.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic deconvolution_tactic();

}  // namespace cermet::cuda
