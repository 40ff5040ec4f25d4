// Constants in the forms that the chosen kernels read, so that neither loading nor a first run
// packs them.
#pragma once

#include "tactics/tactic.h"

namespace cermet {

// Asks the tactic of each step that has a choice. Steps that read one constant in one form share
// it; a constant that nobody reads as it was is replaced.
void pack_constants(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options);

}  // namespace cermet
