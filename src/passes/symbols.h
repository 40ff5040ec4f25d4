// Types, and symbols of sizes that depend on data, where values take the place of others.
#pragma once

#include <map>
#include <set>
#include <string>

#include "ir/graph.h"

namespace cermet {

using Substitution = std::map<std::string, Dim, std::less<>>;

// In all types and contents of the graph and its bodies.
void substitute_in(Graph& graph, const Substitution& values);

// The symbols of data in a value's type and contents; in all values of a graph and its bodies.
void collect_data_symbols(const GraphValue& value, std::set<std::string>& into);
void collect_data_symbols(const Graph& graph, std::set<std::string>& into);

// May a value of type `after` take the place of one of type `before`? Symbols may differ.
bool may_replace(const ValueType& before, const ValueType& after);

// A copy of a value has sizes of its own: what symbols of the value's type and contents are called
// in those of the copy.
void learn_symbols(const GraphValue& value, const GraphValue& copy, Substitution& symbols);

}  // namespace cermet
