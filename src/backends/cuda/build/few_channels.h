// Convolutions of images with few channels on tensor cores, as first layers of networks are.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic few_channels_tactic();

}  // namespace cermet::cuda
