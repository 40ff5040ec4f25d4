// Tactics whose kernels are oneDNN's, of the module libcermet_onednn.
#pragma once

#include <span>

#include "tactics/tactic.h"

namespace cermet::cpu {

std::span<const Tactic> onednn_tactics();

}  // namespace cermet::cpu
