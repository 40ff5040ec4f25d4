// Transposes that products do for themselves: their operand is read where it lies.
#pragma once

#include <span>

#include "tactics/tactic.h"

namespace cermet {

// A Transpose becomes a view under another layout where all that read its result are matrix
// products, of which a tactic takes an operand that lies so: rows of the left factor, rows or
// columns of the right one stay in one piece, batches may be permuted. The product's operand names
// the layout. Returns how many became views.
int absorb_transposes(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options);

}  // namespace cermet
