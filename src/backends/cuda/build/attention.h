// Attention that keeps no matrix of scores.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

// 16-bit floats on tensor cores, and float32 where TF32 is allowed.
Tactic attention_tactic();
// Every floating type, in float32 or float64 without tensor cores; shows scores where asked.
Tactic exact_attention_tactic();

}  // namespace cermet::cuda
