// TopK.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic topk_tactic();

}  // namespace cermet::cuda
