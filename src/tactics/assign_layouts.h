// Layouts for the whole plan: convolutions and pools work channels-last, what lies between them
// follows, and a reorder is a step of its own.
#pragma once

#include <span>

#include "tactics/tactic.h"

namespace cermet {

// Gives buffers and operands their layouts and inserts reorders where producer and reader differ.
// A step gets another layout than row-major only if a tactic other than the last of the list (which
// takes everything row-major) accepts it. Inputs, outputs and what passes between regions stay
// row-major.
void assign_layouts(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options);

// Whether a tensor's bytes are the same under both layouts: all that changes place has size 1.
bool same_bytes(const Dims& dims, const Layout& a, const Layout& b);

}  // namespace cermet
