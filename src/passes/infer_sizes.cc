// Sizes and ranks that were unknown while importing, because they depend on what has become known
// since (the margins of a Pad, the lengths of a Split, the result of a branch), are inferred again.
#include <algorithm>

#include "base/error.h"
#include "passes/passes.h"
#include "passes/symbols.h"

namespace cermet {
namespace {

bool depends_on_data(const Dim& dim) {
  std::set<std::string> symbols;
  dim.collect_data_symbols(symbols);
  return !symbols.empty();
}

// Has it sizes that the node's own data decides, as far as its type tells?
bool may_gain(const ValueType& type) {
  if (!type.is_tensor()) return false;
  return !type.has_rank() || std::ranges::any_of(*type.dims, &Dim::is_data_symbol);
}

bool says_more(const ValueType& now, const ValueType& before) {
  if (!may_gain(before) || !now.is_tensor() || !now.has_rank()) return false;
  if (!may_replace(before, now)) return false;
  if (!before.has_rank()) return true;
  for (int d = 0; d < before.rank(); ++d)
    if ((*before.dims)[d].is_data_symbol() && !depends_on_data((*now.dims)[d])) return true;
  return false;
}

bool gains(const Graph& graph, const Node& node) {
  const auto candidate = [&](ValueId id) { return id != no_value && may_gain(graph.type(id)); };
  if (!node.subgraphs.empty() || std::ranges::none_of(node.outputs, candidate)) return false;
  try {
    const auto inferred = infer_node(graph, node);
    for (size_t i = 0; i < node.outputs.size(); ++i)
      if (node.outputs[i] != no_value && says_more(inferred[i].type, graph.type(node.outputs[i])))
        return true;
  } catch (const Error&) {
    return false;  // it fails when it runs, if it runs: it may be in a branch never taken
  }
  return false;
}

}  // namespace

std::vector<Patch> infer_sizes(const Graph& graph) {
  std::vector<Patch> patches;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (!gains(graph, node)) continue;
    Patch patch(graph);
    patch.consume(id);
    patch.may_be_void();
    const std::vector<ValueId> results = patch.add_copy(Patch::copy_of(node));
    for (size_t i = 0; i < results.size(); ++i)
      if (node.outputs[i] != no_value) patch.replace(node.outputs[i], results[i]);
    patches.push_back(std::move(patch));
  }
  return patches;
}

}  // namespace cermet
