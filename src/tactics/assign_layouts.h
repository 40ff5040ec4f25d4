// Layouts for the whole plan: convolutions and pools work channels-last, what lies between them
// follows, and a reorder is a step of its own.
#pragma once

#include <span>

#include "expr/same_bytes.h"
#include "tactics/tactic.h"

namespace cermet {

// Gives buffers and operands their layouts and inserts reorders where producer and reader differ.
// A step gets another layout than row-major only if a tactic other than the last of the list (which
// takes everything row-major) accepts it. Inputs, outputs and what passes between regions stay
// row-major.
// Returns how many steps got one.
int assign_layouts(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options);

}  // namespace cermet
