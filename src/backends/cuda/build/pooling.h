// MaxPool, AveragePool and LpPool.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic pooling_tactic();

}  // namespace cermet::cuda
