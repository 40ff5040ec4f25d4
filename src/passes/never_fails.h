// Operators that can't raise an error while they run.
#pragma once

#include "ir/graph.h"

namespace cermet {

// Whatever the elements and the open sizes are. false: it may, or nobody knows.
bool never_fails(const Graph& graph, const Node& node);

}  // namespace cermet
