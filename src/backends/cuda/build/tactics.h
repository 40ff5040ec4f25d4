// The GPU's tactics, the preferred ones first.
#pragma once

#include <span>

#include "tactics/tactic.h"

namespace cermet::cuda {

std::span<const Tactic> tactics();

}  // namespace cermet::cuda
