// Transposes sink through operators that do the same before them, to where they meet others and
// cancel, or reach products that read their operands by strides.
#include <algorithm>
#include <set>

#include "passes/lifting.h"
#include "passes/match.h"
#include "passes/passes.h"
#include "problem/turned_operand.h"

namespace cermet {
namespace {

// Nodes that are lifted together, in the graph's order, and the transposes before them.
struct Region {
  std::vector<NodeId> nodes;
  std::set<NodeId> entries;
};

// Elements of the transposes that are there without and with the rewriting.
struct Balance {
  std::vector<Dim> before, after;
};

// True when `a` is not less than `b`, whatever the symbols are.
bool covers(const Dim& a, const Dim& b) {
  if (a.is_constant() && b.is_constant()) return a.constant() >= b.constant();
  return a == b || exact_div(a, b);
}

// Each transpose that comes is outweighed by one that goes, and at least one more goes: there are
// fewer each time, so that this ends.
bool gains(Balance balance) {
  const auto larger = [](const Dim& a, const Dim& b) {
    return (a.is_constant() ? a.constant() : 0) > (b.is_constant() ? b.constant() : 0);
  };
  std::stable_sort(balance.before.begin(), balance.before.end(), larger);
  std::stable_sort(balance.after.begin(), balance.after.end(), larger);
  for (const Dim& comes : balance.after) {
    auto& left = balance.before;
    auto goes = std::find(left.begin(), left.end(), comes);
    if (goes == left.end())
      goes = std::find_if(left.begin(), left.end(), [&](const Dim& d) { return covers(d, comes); });
    if (goes == left.end()) return false;
    left.erase(goes);
  }
  return !balance.before.empty();
}

class TransposeSinker {
 public:
  explicit TransposeSinker(const Graph& graph)
      : graph_(graph), uses_(graph), order_(graph.order()) {
    find_lifted();
    find_useful();
  }

  // Nodes that read the same transposes, directly or by others, sink them together.
  std::vector<Region> regions() const {
    std::map<NodeId, NodeId> joined;
    const auto root = [&](NodeId id) {
      while (joined.contains(id) && joined.at(id) != id) id = joined.at(id);
      return id;
    };
    for (NodeId id : order_) {
      if (!useful_.contains(id)) continue;
      for (ValueId input : graph_.node(id).inputs)
        if (takes(id, input)) joined[root(graph_.value(input).producer)] = root(id);
    }
    std::map<NodeId, Region> by_root;
    for (NodeId id : order_) {
      if (!useful_.contains(id)) continue;
      Region& region = by_root[root(id)];
      region.nodes.push_back(id);
      for (ValueId input : graph_.node(id).inputs) {
        const NodeId producer = takes(id, input) ? graph_.value(input).producer : no_node;
        if (producer != no_node && order_of(producer)) region.entries.insert(producer);
      }
    }
    std::vector<Region> result;
    for (auto& [id, region] : by_root) result.push_back(std::move(region));
    return result;
  }

  Balance balance(const Region& region) const {
    Balance sum;
    for (NodeId id : region.entries) {
      const ValueId value = graph_.node(id).outputs[0];
      std::vector<NodeId> rest;
      for (NodeId reader : uses_.readers(value))
        if (!takes(reader, value)) rest.push_back(reader);
      count(sum.before, value, *order_of(id), uses_.readers(value));
      count(sum.after, value, *order_of(id), rest);
    }
    for (NodeId id : region.nodes)
      for (ValueId value : graph_.node(id).outputs) {
        const Permutation& order = liftings_.at(id).result_order;
        if (is_identity(order)) continue;
        std::vector<NodeId> rest;
        for (NodeId reader : uses_.readers(value)) {
          if (takes(reader, value)) continue;
          if (!leaves(region, reader)) {
            rest.push_back(reader);
            continue;
          }
          const ValueId last = graph_.node(reader).outputs[0];
          const Permutation second = *order_of(reader);
          count(sum.before, last, second, uses_.readers(last));
          count(sum.after, last, composed(order, second), uses_.readers(last));
        }
        count(sum.after, value, order, rest);
      }
    return sum;
  }

  Patch patch(const Region& region) const {
    Patch patch(graph_);
    std::map<ValueId, ValueId> before;  // values as they lie before their transposes
    for (NodeId id : region.nodes) patch.rest_on(id);
    for (NodeId id : region.entries) {
      patch.rest_on(id);
      before[graph_.node(id).outputs[0]] = graph_.node(id).inputs[0];
    }
    for (NodeId id : region.nodes) {
      const std::vector<ValueId> results = lift(patch, region, id, before);
      for (size_t i = 0; i < results.size(); ++i) {
        const ValueId value = graph_.node(id).outputs[i];
        before[value] = results[i];
        hand_over(patch, region, value, results[i], liftings_.at(id).result_order);
      }
    }
    return patch;
  }

 private:
  void find_lifted() {
    for (NodeId id : order_) {
      const Node& node = graph_.node(id);
      if (const auto order = order_of(id)) {
        lifted_[node.outputs[0]] = *order;
      } else if (const auto lifting = lifting_of(graph_, node, lifted_)) {
        liftings_.emplace(id, *lifting);
        if (is_identity(lifting->result_order)) continue;
        for (ValueId output : node.outputs) lifted_[output] = lifting->result_order;
      }
    }
  }

  // Lifting a node is of use where a transpose behind it merges with its own, or goes.
  void find_useful() {
    for (size_t i = order_.size(); i-- > 0;) {
      const auto lifting = liftings_.find(order_[i]);
      if (lifting == liftings_.end()) continue;
      const Permutation& order = lifting->second.result_order;
      bool useful = is_identity(order);
      for (ValueId value : graph_.node(order_[i]).outputs)
        for (NodeId reader : uses_.readers(value))
          useful |= order_of(reader) || takes(reader, value) || absorbs(reader, value, order);
      if (useful) useful_.insert(order_[i]);
    }
  }

  // The order of a Transpose that moves something.
  std::optional<Permutation> order_of(NodeId id) const {
    const Node& node = graph_.node(id);
    if (!node.is("Transpose")) return std::nullopt;
    auto order = permutation_of(graph_, node);
    if (order && is_identity(*order)) order.reset();
    return order;
  }

  // Whether `reader` will be lifted and read the value as it lies before the transpose.
  bool takes(NodeId reader, ValueId value) const {
    if (!useful_.contains(reader) || !lifted_.contains(value)) return false;
    const Lifting& lifting = liftings_.at(reader);
    const std::vector<ValueId>& inputs = graph_.node(reader).inputs;
    for (size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i] == value && lifting.operands[i] == OperandForm::lifted) return true;
    return false;
  }

  // Whether the transpose that reads a value of the region will read it as it lies before.
  bool leaves(const Region& region, NodeId reader) const {
    return order_of(reader) && !region.entries.contains(reader);
  }

  // Whether `reader` is a product or attention that can do the transpose of this operand by itself.
  bool absorbs(NodeId reader, ValueId value, const Permutation& order) const {
    const Node& node = graph_.node(reader);
    if (node.is("Attention"))
      return order == heads_first &&
             std::find(node.inputs.begin() + 3, node.inputs.end(), value) == node.inputs.end();
    if (!node.is("MatMul") || graph_.type(value).element != ElementType::float32) return false;
    for (size_t i = 2; i < node.inputs.size(); ++i)
      if (node.inputs[i] == value) return false;
    const size_t input = node.inputs[0] == value ? 0 : 1;
    return reads_turned_operand(input, inverse(order).back(), order.size());
  }

  // Adds the transpose of that order that gives the value to `readers` and the graph's outputs,
  // where it costs anything.
  void count(std::vector<Dim>& transposes, ValueId value, const Permutation& order,
             const std::vector<NodeId>& readers) const {
    const bool output = graph_.is_output(value);
    if ((readers.empty() && !output) || is_identity(order)) return;
    const ValueType& type = graph_.type(value);
    if (moves_ones_only(*type.dims, inverse(order)) && reshape_target(type)) return;
    const bool absorbed = !output && std::all_of(readers.begin(), readers.end(), [&](NodeId id) {
      return absorbs(id, value, order);
    });
    if (!absorbed) transposes.push_back(product(*type.dims));
  }

  std::vector<ValueId> lift(Patch& patch, const Region& region, NodeId id,
                            const std::map<ValueId, ValueId>& before) const {
    const Node& node = graph_.node(id);
    const Lifting& lifting = liftings_.at(id);
    std::vector<ValueId> inputs = node.inputs;
    Origin origin;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (lifting.operands[i] == OperandForm::turned)
        inputs[i] = add_turned(patch, graph_, inputs[i], lifting.order);
      if (lifting.operands[i] != OperandForm::lifted) continue;
      const NodeId producer = graph_.value(inputs[i]).producer;
      if (region.entries.contains(producer)) origin.merge(graph_.node(producer).origin);
      inputs[i] = before.at(inputs[i]);
    }
    origin.merge(node.origin);
    for (ValueId value : node.outputs)
      for (NodeId reader : uses_.readers(value))
        if (leaves(region, reader) && vanishes(lifting.result_order, reader))
          origin.merge(graph_.node(reader).origin);
    return add_lifted(patch, graph_, node, lifting, std::move(inputs), std::move(origin));
  }

  bool vanishes(const Permutation& order, NodeId transpose) const {
    return is_identity(composed(order, *order_of(transpose)));
  }

  // Those who read `value` get at `moved`, of which it is the transpose.
  void hand_over(Patch& patch, const Region& region, ValueId value, ValueId moved,
                 const Permutation& order) const {
    if (is_identity(order)) return patch.replace(value, moved);
    bool rest = graph_.is_output(value);
    std::set<NodeId> seen;
    for (NodeId reader : uses_.readers(value)) {
      if (!seen.insert(reader).second || takes(reader, value)) continue;
      if (!leaves(region, reader)) {
        rest = true;
        continue;
      }
      const Node& transpose = graph_.node(reader);
      patch.rest_on(reader);
      patch.replace(transpose.outputs[0],
                    vanishes(order, reader)
                        ? moved
                        : add_transpose(patch, transpose, moved, composed(order, *order_of(reader)),
                                        transpose.origin));
    }
    if (!rest) return;
    const Node& made_by = graph_.node(graph_.value(value).producer);
    patch.replace(value, add_transpose(patch, made_by, moved, order, made_by.origin));
  }

  static ValueId add_transpose(Patch& patch, const Node& like, ValueId value,
                               const Permutation& order, const Origin& origin) {
    Node node;
    node.op = "Transpose";
    node.name = like.name;
    node.origin = origin;
    node.inputs = {value};
    node.attributes.set("perm", order);
    return patch.add(std::move(node));
  }

  const Graph& graph_;
  Uses uses_;
  std::vector<NodeId> order_;
  Orders lifted_;
  std::map<NodeId, Lifting> liftings_;
  std::set<NodeId> useful_;  // of `liftings_`
};

}  // namespace

std::vector<Patch> sink_transposes(const Graph& graph) {
  const TransposeSinker sinker(graph);
  std::vector<Patch> patches;
  for (const Region& region : sinker.regions())
    if (gains(sinker.balance(region))) patches.push_back(sinker.patch(region));
  return patches;
}

void near_sink_transposes(const Graph& graph, NearFusions& near) {
  const TransposeSinker sinker(graph);
  for (const Region& region : sinker.regions()) {
    const Balance balance = sinker.balance(region);
    if (balance.before.empty() || gains(balance)) continue;
    std::vector<NodeId> nodes(region.entries.begin(), region.entries.end());
    nodes.insert(nodes.end(), region.nodes.begin(), region.nodes.end());
    Dim goes, comes;
    for (const Dim& elements : balance.before) goes = goes + elements;
    for (const Dim& elements : balance.after) comes = comes + elements;
    near.add(graph, nodes,
             fmt::format("transposes of {} elements would go, and others of {} come",
                         goes.to_string(), comes.to_string()));
  }
}

}  // namespace cermet
