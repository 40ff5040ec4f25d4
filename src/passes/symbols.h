// Sizes of data and types where graphs meet: a patch's values take the place of others, bodies meet
// their operands.
#pragma once

#include <map>
#include <string>

#include "ir/graph.h"

namespace cermet {

using Substitution = std::map<std::string, Dim, std::less<>>;

bool is_data_symbol(const Dim& dim);

// In all types and contents of the graph and its bodies.
void substitute_in(Graph& graph, const Substitution& values);

// May a value of type `after` take the place of one of type `before`? Symbols may differ.
bool may_replace(const ValueType& before, const ValueType& after);

// A node that is copied, or whose operands are others now, has bodies that know sizes of data by
// symbols of where they came from: these become the sizes that its operands in `graph` have.
void fit_bodies(const Graph& graph, Node& node);

}  // namespace cermet
