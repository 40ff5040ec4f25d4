// Convolutions by Winograd's algorithm.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cpu {

// Its configuration is the size of a tile, "2" or "4".
Tactic winograd_tactic();

}  // namespace cermet::cpu
