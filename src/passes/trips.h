// How often a Loop or Scan runs its body, as far as constants tell.
#pragma once

#include <optional>
#include <string>

#include "ir/graph.h"

namespace cermet {

inline bool is_loop(const Node& node) { return node.is("Loop") || node.is("Scan"); }

// A condition that is the same in every run; one that is absent holds.
std::optional<bool> known_condition(const Graph& graph, ValueId id);

// The iterations that a Loop or Scan makes in every run. Nothing, with the reason, where that is
// decided while running.
std::optional<int64_t> known_trips(const Graph& graph, const Node& node,
                                   std::string* why = nullptr);

// Does the body run at least once in every run?
bool surely_runs(const Graph& graph, const Node& node);

}  // namespace cermet
