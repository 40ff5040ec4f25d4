// Passes that are wrong on purpose: the differential test has to notice each.
#pragma once

#include <span>
#include <string_view>

#include "tests/support/random_models/random_model.h"

namespace cermet::testing {

struct Mutant {
  std::string_view name;
  // A pass that runs first, in front of the right ones; nullptr: none.
  std::vector<Patch> (*find)(const Graph& graph) = nullptr;
  // What goes wrong with an optimised node; nullptr: nothing.
  void (*spoil)(Graph& graph, NodeId id) = nullptr;
};
std::span<const Mutant> mutants();

// All passes, the wrong one among them.
void optimise_wrongly(const Mutant& mutant, Graph& graph);

}  // namespace cermet::testing
