// Epilogues that no fast kernel takes become steps of their own.
#pragma once

#include <span>

#include "tactics/tactic.h"

namespace cermet {

// Where only the last tactic of the list would compute a step because of its epilogue, the operator
// keeps as much of it as another tactic takes, and a pointwise step does the rest.
void split_epilogues(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options);

}  // namespace cermet
