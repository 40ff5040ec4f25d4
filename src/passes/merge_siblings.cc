// Convolutions or products of one value with constant weights become one, where that costs less:
// the weights lie side by side, and a Split gives each reader its part.
#include <algorithm>

#include "base/error.h"
#include "passes/join_constants.h"
#include "passes/passes.h"
#include "passes/sibling_costs.h"

namespace cermet {
namespace {

class Siblings {
 public:
  Siblings(const Graph& graph, const CostOracle& costs)
      : graph_(graph), uses_(graph), oracle_(costs) {}

  std::vector<Patch> patches() const {
    std::vector<Patch> result;
    for (SiblingGroup& group : sibling_groups(graph_, uses_, false)) {
      take_common(graph_, uses_, group);
      if (pays(group)) {
        result.push_back(merged(group));
        continue;
      }
      for (const SiblingGroup& part : split_by_reader(graph_, uses_, group))
        if (pays(part)) result.push_back(merged(part));
    }
    return result;
  }

  void near(NearFusions& into) const {
    for (const SiblingGroup& group : sibling_groups(graph_, uses_, true)) {
      std::vector<NodeId> nodes;
      for (const Sibling& member : group.members) nodes.push_back(member.node);
      const auto found = costs_of(graph_, uses_, group, oracle_);
      if (!found)
        into.add(graph_, nodes, "what they would cost is not known while building");
      else
        into.add(graph_, nodes,
                 fmt::format("merged, the {} would cost {:.1f} us, apart they cost {:.1f} us",
                             nodes.size(), found->together, found->apart));
    }
  }

 private:
  bool pays(const SiblingGroup& group) const {
    const auto found = costs_of(graph_, uses_, group, oracle_);
    return found && found->pays();
  }

  Patch merged(const SiblingGroup& group) const {
    Patch patch(graph_);
    for (const Sibling& member : group.members)
      for (NodeId id : member.consumed) patch.consume(id);
    ValueId value = add_joined(patch, group);
    if (graph_.node(group.members[0].node).is("MatMul")) value = add_bias(patch, group, value);
    const std::vector<NodeId>& nodes = group.members[0].consumed;
    for (size_t i = nodes.size() - group.common; i < nodes.size(); ++i) {
      Node node = Patch::copy_of(graph_.node(nodes[i]));
      std::replace(node.inputs.begin(), node.inputs.end(), graph_.node(nodes[i - 1]).outputs[0],
                   value);
      value = patch.add(std::move(node));
    }
    add_cut(patch, group, value);
    return patch;
  }

  // The convolution or product of all members.
  ValueId add_joined(Patch& patch, const SiblingGroup& group) const {
    const Node& first = graph_.node(group.members[0].node);
    Node node = Patch::copy_of(first);
    std::vector<Tensor> weights, biases;
    std::vector<ValueId> weights_from, biases_from;
    bool any_bias = false;
    for (const Sibling& member : group.members) {
      const Node& one = graph_.node(member.node);
      weights_from.push_back(one.inputs[1]);
      weights.push_back(*constant_of(graph_, one.inputs[1]));
      biases_from.push_back(one.input(2));
      const Tensor* bias = constant_of(graph_, one.input(2));
      any_bias = any_bias || bias != nullptr;
      biases.push_back(bias != nullptr ? *bias : Tensor(weights.back().type(), {member.width}));
    }
    node.inputs[1] = patch.constant(joined_along(weights, static_cast<size_t>(weights_axis(first))),
                                    derived_recipe(graph_, weights_from, "join output channels"));
    if (any_bias) {
      node.inputs.resize(3, no_value);
      node.inputs[2] = patch.constant(joined_along(biases, 0),
                                      derived_recipe(graph_, biases_from, "join output channels"));
    }
    return patch.add(std::move(node));
  }

  // One addition for all columns; zeros for a member that has none.
  ValueId add_bias(Patch& patch, const SiblingGroup& group, ValueId value) const {
    std::vector<Tensor> parts;
    std::vector<ValueId> from;
    const ElementType type = graph_.type(group.members[0].end).element;
    for (const Sibling& member : group.members) {
      from.push_back(member.bias);
      const Tensor* bias = constant_of(graph_, member.bias);
      parts.push_back(bias != nullptr ? as_vector(*bias, member.width)
                                      : Tensor(type, {member.width}));
    }
    if (std::all_of(from.begin(), from.end(), [](ValueId id) { return id == no_value; }))
      return value;
    Node node;
    node.op = "Add";
    node.inputs = {value, patch.constant(joined_along(parts, 0),
                                         derived_recipe(graph_, from, "join columns"))};
    return patch.add(std::move(node));
  }

  void add_cut(Patch& patch, const SiblingGroup& group, ValueId value) const {
    std::vector<int64_t> widths;
    for (const Sibling& member : group.members) widths.push_back(member.width);
    Node node;
    node.op = "Split";
    node.name = graph_.node(group.members[0].node).name + ".parts";
    node.attributes.set("axis", result_axis(graph_, graph_.node(group.members[0].node)));
    node.inputs = {value, patch.constant(Tensor::from<int64_t>(
                              ElementType::int64, {static_cast<int64_t>(widths.size())}, widths))};
    const std::vector<ValueId> parts = patch.add_all(std::move(node), widths.size());
    for (size_t i = 0; i < parts.size(); ++i) patch.replace(group.members[i].end, parts[i]);
  }

  const Graph& graph_;
  const Uses uses_;
  const CostOracle& oracle_;
};

}  // namespace

std::vector<Patch> merge_siblings(const Graph& graph, const CostOracle& costs) {
  return Siblings(graph, costs).patches();
}

void near_merge_siblings(const Graph& graph, const CostOracle& costs, NearFusions& near) {
  Siblings(graph, costs).near(near);
}

}  // namespace cermet
