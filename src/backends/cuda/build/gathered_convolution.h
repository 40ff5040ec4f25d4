// Convolutions that gather their taps, channels-last: transposed ones, and those in groups that are
// too small for products of matrices.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic deconvolution_tactic();
Tactic grouped_convolution_tactic();

}  // namespace cermet::cuda
