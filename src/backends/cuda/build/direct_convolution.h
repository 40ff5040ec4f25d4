// Convolutions of images with few channels, as the first ones of networks are.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic direct_convolution_tactic();

}  // namespace cermet::cuda
