// Scalar expressions over broadcast operands.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic pointwise_tactic();

}  // namespace cermet::cuda
