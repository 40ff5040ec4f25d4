// Rotary embeddings.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic rotary_tactic();

}  // namespace cermet::cuda
