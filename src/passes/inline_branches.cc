// An If whose condition is constant is the branch that it takes.
#include "base/error.h"
#include "passes/passes.h"
#include "passes/straight_line.h"
#include "passes/trips.h"

namespace cermet {
namespace {

std::optional<Patch> inline_branch(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  const auto taken = known_condition(graph, node.inputs[0]);
  if (!taken) return std::nullopt;
  try {
    StraightLine line(graph, id);
    std::vector<ValueId> arguments;
    for (size_t i = 1; i < node.inputs.size(); ++i) arguments.push_back(line.operand(i));
    return line.replace_node(line.add_body(node.subgraphs[*taken ? 0 : 1], arguments, ""));
  } catch (const Error&) {
    return std::nullopt;  // it fails when it runs, if it runs: it may be in a branch never taken
  }
}

}  // namespace

std::vector<Patch> inline_branches(const Graph& graph) {
  for (NodeId id : graph.order())
    if (graph.node(id).is("If"))
      if (auto patch = inline_branch(graph, id)) return {std::move(*patch)};
  return {};
}

}  // namespace cermet
