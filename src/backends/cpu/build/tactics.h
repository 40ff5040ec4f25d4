// The CPU's tactics, the preferred ones first.
#pragma once

#include <span>

#include "tactics/tactic.h"

namespace cermet::cpu {

std::span<const Tactic> tactics();

}  // namespace cermet::cpu
