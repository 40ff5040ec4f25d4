// DeformConv: convolutions whose taps are moved by offsets.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic deformable_tactic();

}  // namespace cermet::cuda
