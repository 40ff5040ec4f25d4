// Optimisation as patches: a pass finds matches and returns them, the driver applies.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ops/graph_builder.h"
#include "passes/near_fusions.h"
#include "problem/cost_oracle.h"

namespace cermet {

// One rewrite of a graph, made without touching it: new nodes over old and new values, and which
// old values the new ones replace. Nodes whose results nobody reads afterwards go away.
class Patch {
 public:
  explicit Patch(const Graph& graph)
      : graph_(&graph), first_new_(static_cast<ValueId>(graph.value_count())) {}

  // The new nodes come from the ONNX nodes of this one too, and the patch is void once it is gone.
  void consume(NodeId id);
  // The patch is void once this one is gone too, but new nodes don't come from it unless they say
  // so themselves.
  void rest_on(NodeId id);

  // Adds a node; its outputs become new values, typed when the patch is applied.
  ValueId add(Node node) { return add_all(std::move(node), 1)[0]; }
  std::vector<ValueId> add_all(Node node, size_t outputs);
  // The same for a node whose outputs say which of them it has: absent ones stay absent.
  std::vector<ValueId> add_copy(Node node);
  // A copy that is typed already, as its outputs are in `made`, a graph that shares symbols with
  // the patch's. Symbols of data may be others by the time a second patch of the same find is
  // applied, so a pass that uses this gives one patch at a time.
  std::vector<ValueId> add_typed(Node node, const Graph& made);
  ValueId constant(Tensor tensor, Recipe recipe = {});
  // Readers of `from` (an old value) read `to` (old or new) from now on.
  void replace(ValueId from, ValueId to) { replaced_.emplace_back(from, to); }
  // The patch is void where its nodes, which read old values alone, can't be typed any more when it
  // is applied, or not so that they may replace what they are to: patches of the same find say more
  // of their operands.
  void may_be_void() { may_be_void_ = true; }
  // The patch is the second best: `nodes` would have become one but for `condition`, a text that
  // outlives the patch.
  void second_best(std::vector<NodeId> nodes, std::string_view condition) {
    better_nodes_ = std::move(nodes);
    better_condition_ = condition;
  }

  // A new node made like this one, its own origin included.
  static Node copy_of(const Node& node) { return node; }

 private:
  friend class PatchApplier;
  friend class PassDriver;
  const Graph* graph_;
  ValueId first_new_;
  struct NewValue {
    std::optional<Tensor> constant;
    Recipe recipe;
    std::optional<GraphValue> typed;  // type and contents, where they are not to be inferred
  };
  std::vector<NewValue> new_values_;
  std::vector<Node> nodes_;
  std::vector<NodeId> consumed_;
  std::vector<NodeId> rests_on_;  // those consumed among them
  std::vector<std::pair<ValueId, ValueId>> replaced_;
  bool may_be_void_ = false;
  std::vector<NodeId> better_nodes_;
  std::string_view better_condition_;
};

struct Pass {
  using Find = std::vector<Patch> (*)(const Graph& graph);
  using FindNear = void (*)(const Graph& graph, NearFusions& near);
  // Of passes that fire where it pays. They are left out where nobody knows costs.
  using FindByCost = std::vector<Patch> (*)(const Graph& graph, const CostOracle& costs);
  using FindNearByCost = void (*)(const Graph& graph, const CostOracle& costs, NearFusions& near);

  std::string_view name;
  // All matches in the graph (not in its subgraphs: the driver visits those). Matches may overlap:
  // of two that consume the same node the first wins and the pass is asked again.
  std::variant<Find, FindByCost> find;
  // What the pass would fuse but for one condition; monostate: it tells nothing.
  std::variant<std::monostate, FindNear, FindNearByCost> find_near = {};
  // Passes of a later stage see a graph in which those of earlier stages find nothing: a pattern is
  // looked for when its constants are folded, and before its nodes are fused with others.
  int stage = 0;
};

// All passes in their order, stage by stage.
std::span<const Pass> all_passes();

struct PassOptions {
  std::vector<std::string> skip;
  bool all = true;
  std::vector<std::string> only;  // counts when `all` is false
  std::string stop_after;         // "PASS:N"
  bool verify = false;            // after every pass
  // Outlives the call; nullptr: passes that choose by cost are left out.
  const CostOracle* costs = nullptr;
  // Where fusions that almost came about are told; nullptr: nobody looks for them.
  std::vector<NearFusion>* near_fusions = nullptr;
  // Called after each patch with its pass and its number within the pass, from 1 on.
  std::function<void(std::string_view pass, int patch)> on_patch = {};
};

struct PassResult {
  std::string name;
  int patches = 0;
  double milliseconds = 0;
};

// Optimises the graph and its subgraphs. Throws invalid_argument for the name of a pass that does
// not exist, internal when a patch would change the type of what it replaces.
std::vector<PassResult> run_passes(Graph& graph, const PassOptions& options);
// The same with passes of one's own, which outlive the call.
std::vector<PassResult> run_passes(Graph& graph, const PassOptions& options,
                                   std::span<const Pass> passes);

// Applies one patch; false when a node that it consumes is gone. For the driver and tests.
bool apply_patch(Graph& graph, const Patch& patch);

// Removes nodes whose results nobody reads; returns how many.
int remove_dead_nodes(Graph& graph);

}  // namespace cermet
