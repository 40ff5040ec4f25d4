// Normalisations: of rows, groups of channels, channels, and those without parameters.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

// By statistics of the input.
Tactic normalization_tactic();
// BatchNormalization by statistics that are given.
Tactic batch_normalization_tactic();
// LRN
Tactic local_response_tactic();

}  // namespace cermet::cuda
