// "cuda.quantize": QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear with integers of 8 to
// 32 bits; per tensor, per axis, or in blocks.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic quantize_tactic();

}  // namespace cermet::cuda
