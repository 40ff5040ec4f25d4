// A graph becomes a plan: each node a step with a problem, each value a buffer.
#pragma once

#include "ir/graph.h"
#include "plan/plan.h"

namespace cermet {

// Every step comes without a choice of kernel. The graph is legal (verify).
Plan lower(const Graph& graph);

// The family of problems that an operator belongs to.
ProblemKind problem_kind(std::string_view domain, std::string_view op);

}  // namespace cermet
