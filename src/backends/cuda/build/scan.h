// CumSum and CumProd along a constant axis.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic scan_tactic();

}  // namespace cermet::cuda
