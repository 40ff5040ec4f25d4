#include "passes/symbols.h"

namespace cermet {
namespace {

void substitute(Dims& dims, const Substitution& values) {
  for (Dim& dim : dims) dim = dim.substitute(values);
}

ValueType substituted(ValueType type, const Substitution& values) {
  if (type.dims) substitute(*type.dims, values);
  if (type.inner) type.inner = std::make_shared<const ValueType>(substituted(*type.inner, values));
  return type;
}

void learn(const Dims& dims, const Dims& copy, Substitution& symbols) {
  if (dims.size() != copy.size()) return;
  for (size_t d = 0; d < dims.size(); ++d) {
    if (dims[d] == copy[d] || !dims[d].is_data_symbol()) continue;
    const auto [entry, fresh] = symbols.emplace(*dims[d].as_symbol(), copy[d]);
    if (!fresh && copy[d].is_constant()) entry->second = copy[d];
  }
}

void learn(const ValueType& type, const ValueType& copy, Substitution& symbols) {
  if (type.dims && copy.dims) learn(*type.dims, *copy.dims, symbols);
  if (type.inner && copy.inner) learn(*type.inner, *copy.inner, symbols);
}

void collect(const Dims& dims, std::set<std::string>& into) {
  for (const Dim& dim : dims) dim.collect_data_symbols(into);
}

void collect(const ValueType& type, std::set<std::string>& into) {
  if (type.dims) collect(*type.dims, into);
  if (type.inner) collect(*type.inner, into);
}

}  // namespace

void substitute_in(Graph& graph, const Substitution& values) {
  for (size_t i = 0; i < graph.value_count(); ++i) {
    GraphValue& value = graph.value(static_cast<ValueId>(i));
    value.type = substituted(std::move(value.type), values);
    if (value.contents) substitute(*value.contents, values);
  }
  for (NodeId id : graph.order())
    for (Graph& body : graph.node(id).subgraphs) substitute_in(body, values);
}

void collect_data_symbols(const GraphValue& value, std::set<std::string>& into) {
  collect(value.type, into);
  if (value.contents) collect(*value.contents, into);
}

void collect_data_symbols(const Graph& graph, std::set<std::string>& into) {
  for (size_t i = 0; i < graph.value_count(); ++i)
    collect_data_symbols(graph.value(static_cast<ValueId>(i)), into);
  for (NodeId id : graph.order())
    for (const Graph& body : graph.node(id).subgraphs) collect_data_symbols(body, into);
}

bool may_replace(const ValueType& before, const ValueType& after) {
  if (before.kind != after.kind || before.element != after.element) return false;
  if (!before.has_rank() || !after.has_rank()) return true;
  if (before.rank() != after.rank()) return false;
  for (int d = 0; d < before.rank(); ++d) {
    const Dim &old_dim = (*before.dims)[d], &new_dim = (*after.dims)[d];
    if (!(old_dim == new_dim) && old_dim.is_constant() && new_dim.is_constant()) return false;
  }
  return true;
}

void learn_symbols(const GraphValue& value, const GraphValue& copy, Substitution& symbols) {
  learn(value.type, copy.type, symbols);
  if (value.contents && copy.contents) learn(*value.contents, *copy.contents, symbols);
}

}  // namespace cermet
