// Cuts that copy nothing because those who read them step over the rest.
#pragma once

#include <span>

#include "tactics/tactic.h"

namespace cermet {

// Makes Split, Slice and Gather views where their results are parts of wider rows and attention,
// directly or behind reshapes that keep the rows, is all that reads them and takes them so. Returns
// how many.
int absorb_cuts(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options);

}  // namespace cermet
