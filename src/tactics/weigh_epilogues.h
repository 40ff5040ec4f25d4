// Epilogues are cut where that pays.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "tactics/tactic.h"

namespace cermet {

// By first result of a step: what lost to doing its epilogue as it is done now.
using EpilogueCuts = std::map<BufferId, std::vector<Candidate>>;

// Where a tactic that does not take a step takes it with less of its epilogue, the step is weighed
// against two: the operator with as much as that tactic takes, and a pointwise step that does the
// rest. The plan has what is faster, by measured times if all are, else by estimates; where neither
// decides, the step stays whole.
EpilogueCuts weigh_epilogues(Plan& plan, std::span<const Tactic> tactics,
                             const TacticOptions& options);

}  // namespace cermet
