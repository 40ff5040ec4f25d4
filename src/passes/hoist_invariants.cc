// What is the same in every iteration is computed once, before the loop.
#include <algorithm>

#include "base/error.h"
#include "ops/infer_control.h"
#include "passes/never_fails.h"
#include "passes/passes.h"
#include "passes/straight_line.h"
#include "passes/symbols.h"
#include "passes/trips.h"

namespace cermet {
namespace {

// The same operands give the same results, whenever it runs. A plugin does not say.
bool repeatable(const Node& node) {
  if (node.is("Custom", "cermet")) return false;
  const Operator* op = find_operator(node.domain, node.op);
  if (op != nullptr && !op->deterministic) return false;
  return std::ranges::all_of(node.subgraphs, [](const Graph& body) {
    return std::ranges::all_of(body.order(), [&](NodeId id) { return repeatable(body.node(id)); });
  });
}

struct Invariants {
  std::vector<NodeId> nodes;
  std::vector<NodeId> risky;  // would be, but may fail where the loop makes no trip
};

Invariants find_invariants(const Graph& graph, const Node& loop) {
  const Graph& body = loop.subgraphs[0];
  const size_t captured = LoopShape::of(loop).captured;
  std::vector<bool> fixed(body.value_count(), false);
  for (size_t i = body.inputs().size() - captured; i < body.inputs().size(); ++i)
    fixed[body.inputs()[i]] = true;
  const auto is_fixed = [&](ValueId id) {
    return id == no_value || fixed[id] || body.value(id).constant != nullptr;
  };
  const bool surely = surely_runs(graph, loop);
  Invariants found;
  for (NodeId id : body.order()) {
    const Node& node = body.node(id);
    if (node.inputs.empty() || !repeatable(node) || !std::ranges::all_of(node.inputs, is_fixed))
      continue;
    if (!surely && !never_fails(body, node)) {
      found.risky.push_back(id);
      continue;
    }
    found.nodes.push_back(id);
    for (ValueId output : node.outputs)
      if (output != no_value) fixed[output] = true;
  }
  return found;
}

class Hoisting {
 public:
  Hoisting(const Graph& graph, NodeId id)
      : graph_(graph), id_(id), line_(graph, id), made_(Patch::copy_of(graph.node(id))) {}

  std::optional<Patch> run(const std::vector<NodeId>& nodes) {
    const Graph& body = graph_.node(id_).subgraphs[0];
    StraightLine::Copies copies(body);
    const size_t captured = LoopShape::of(graph_.node(id_)).captured;
    for (size_t i = body.inputs().size() - captured; i < body.inputs().size(); ++i)
      line_.place(copies, body.inputs()[i], line_.operand(i));
    for (NodeId node : nodes) line_.copy(copies, node, "");
    const std::vector<ValueId> wanted = wanted_results(body, nodes);
    if (wanted.empty() || !types_agree(copies, wanted)) return std::nullopt;
    Patch patch(graph_);
    patch.consume(id_);
    const std::vector<ValueId> placed = line_.add_to(patch);
    for (ValueId result : wanted) capture(result, placed[copies.moved[result]]);
    remove_dead_nodes(made_.subgraphs[0]);
    substitute_in(made_.subgraphs[0], copies.symbols);
    const std::vector<ValueId> before = graph_.node(id_).outputs;
    const std::vector<ValueId> after = patch.add_copy(std::move(made_));
    for (size_t i = 0; i < before.size(); ++i)
      if (before[i] != no_value) patch.replace(before[i], after[i]);
    return patch;
  }

 private:
  // What the rest of the body reads of the nodes' results.
  static std::vector<ValueId> wanted_results(const Graph& body, const std::vector<NodeId>& nodes) {
    const auto readers = body.consumers();
    const auto stays = [&](NodeId id) { return std::ranges::find(nodes, id) == nodes.end(); };
    std::vector<ValueId> wanted;
    for (NodeId id : nodes)
      for (ValueId output : body.node(id).outputs)
        if (output != no_value &&
            (body.is_output(output) || std::ranges::any_of(readers[output], stays)))
          wanted.push_back(output);
    return wanted;
  }

  bool types_agree(const StraightLine::Copies& copies, const std::vector<ValueId>& wanted) const {
    return std::ranges::all_of(wanted, [&](ValueId id) {
      return may_replace(copies.body.type(id), line_.type(copies.moved[id]));
    });
  }

  // The body reads `outside` in the place of a result of its own.
  void capture(ValueId result, ValueId outside) {
    Graph& body = made_.subgraphs[0];
    const GraphValue value = body.value(result);
    const ValueId input = body.add_input(value.name + ".outside", value.type);
    body.value(input).contents = value.contents;
    body.replace_uses(result, input);
    made_.inputs.push_back(outside);
    made_.attributes.set("captured", made_.attributes.integer("captured", 0) + 1);
  }

  const Graph& graph_;
  NodeId id_;
  StraightLine line_;
  Node made_;
};

}  // namespace

std::vector<Patch> hoist_invariants(const Graph& graph) {
  for (NodeId id : graph.order()) {
    if (!is_loop(graph.node(id))) continue;
    const Invariants found = find_invariants(graph, graph.node(id));
    if (found.nodes.empty()) continue;
    try {
      if (auto patch = Hoisting(graph, id).run(found.nodes)) return {std::move(*patch)};
    } catch (const Error&) {
      continue;  // it fails when it runs, if it runs
    }
  }
  return {};
}

void near_hoist_invariants(const Graph& graph, NearFusions& near) {
  for (NodeId id : graph.order()) {
    const Node& loop = graph.node(id);
    if (!is_loop(loop)) continue;
    for (NodeId risky : find_invariants(graph, loop).risky) {
      const Node& node = loop.subgraphs[0].node(risky);
      near.add(graph, {id},
               fmt::format("{} '{}' gives the same in every iteration, but may fail where there is "
                           "none",
                           node.op, node.name));
    }
  }
}

}  // namespace cermet
