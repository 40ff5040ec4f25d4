// Results with room for as many elements as there may be, and how many there are: PaddedNonZero and
// PaddedNonMaxSuppression.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic nonzero_tactic();
Tactic suppression_tactic();

}  // namespace cermet::cuda
