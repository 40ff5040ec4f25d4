// Convolutions in which every channel is a group of its own, channels-last.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic depthwise_tactic();

}  // namespace cermet::cuda
