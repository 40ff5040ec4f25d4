// Convolutions by their definition: any layout, window, groups, weights that are computed.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic plain_convolution_tactic();

}  // namespace cermet::cuda
