// Convolutions by our own kernels, depthwise ones apart.
#pragma once

#include <span>

#include "tactics/tactic.h"

namespace cermet::cpu {

// cpu.winograd, whose configuration is the size of a tile, "2" or "4", and cpu.convolution.
std::span<const Tactic> own_convolution_tactics();

}  // namespace cermet::cpu
