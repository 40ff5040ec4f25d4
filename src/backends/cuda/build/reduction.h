// Reduce*, global pools, ArgMax and ArgMin.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic reduction_tactic();

}  // namespace cermet::cuda
