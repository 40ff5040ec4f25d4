// Convolutions or products of one value with constant weights become one, where that costs less:
// the weights lie side by side, and a Split gives each reader its part.
#include <algorithm>

#include "base/error.h"
#include "passes/elementwise.h"
#include "passes/join_constants.h"
#include "passes/passes.h"
#include "passes/siblings.h"

namespace cermet {
namespace {

// What estimates have to promise: they are rough.
constexpr double least_gain = 0.05;

struct Costs {
  double apart = 0, together = 0;

  bool pays() const { return together < (1 - least_gain) * apart; }
};

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
      const auto found = costs_of(group);
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
    const auto found = costs_of(group);
    return found && found->pays();
  }

  // Biases and what follows all members alike cost the same either way.
  std::optional<Costs> costs_of(const SiblingGroup& group) const {
    std::vector<Problem> lost = lost_epilogues(group);
    const Problem joined = joined_product(group);
    std::optional<double> together = oracle_.step_us(joined, false);
    add(together, oracle_.step_us(cut_of(group, joined), any_is_output(group)));
    for (const Problem& problem : lost) add(together, oracle_.step_us(problem, false));
    std::optional<double> apart = 0;
    for (const Sibling& member : group.members)
      add(apart, oracle_.step_us(product_of(member.node), false));
    if (!apart || !together) return std::nullopt;
    return Costs{*apart, *together};
  }

  static void add(std::optional<double>& sum, std::optional<double> more) {
    if (sum && more)
      *sum += *more;
    else
      sum.reset();
  }

  Operand operand(ValueId id) const {
    return {graph_.type(id), Layout{}, constant_of(graph_, id) != nullptr};
  }

  Problem product_of(NodeId id) const {
    const Node& node = graph_.node(id);
    Problem problem;
    problem.kind = node.is("Conv") ? ProblemKind::convolution : ProblemKind::matmul;
    problem.op = node.op;
    problem.attributes = node.attributes;
    problem.inputs = {operand(node.inputs[0]), operand(node.inputs[1])};
    problem.outputs = {operand(node.outputs[0])};
    return problem;
  }

  Problem joined_product(const SiblingGroup& group) const {
    const Node& first = graph_.node(group.members[0].node);
    int64_t width = 0;
    for (const Sibling& member : group.members) width += member.width;
    Problem problem = product_of(group.members[0].node);
    (*problem.inputs[1]->type.dims)[weights_axis(first)] = width;
    (*problem.outputs[0]->type.dims)[result_axis(graph_, first)] = width;
    return problem;
  }

  Problem cut_of(const SiblingGroup& group, const Problem& joined) const {
    const Layout layout = oracle_.result_layout(joined);
    Problem problem;
    problem.kind = ProblemKind::movement;
    problem.op = "Split";
    problem.attributes.set("axis", result_axis(graph_, graph_.node(group.members[0].node)));
    problem.inputs = {joined.outputs[0]};
    problem.inputs[0]->layout = layout;
    for (const Sibling& member : group.members) {
      problem.outputs.emplace_back(operand(member.end));
      problem.outputs.back()->layout = layout;
    }
    return problem;
  }

  bool any_is_output(const SiblingGroup& group) const {
    return std::any_of(group.members.begin(), group.members.end(),
                       [&](const Sibling& member) { return graph_.is_output(member.end); });
  }

  // What would have been, or is, the epilogue of one member, and would be a step of its own.
  std::vector<Problem> lost_epilogues(const SiblingGroup& group) const {
    std::vector<Problem> lost;
    if (graph_.node(group.members[0].node).epilogue && have_one_epilogue(group)) return lost;
    std::vector<NodeId> readers;
    for (const Sibling& member : group.members) {
      const Node& node = graph_.node(member.node);
      if (node.epilogue && !is_bias(*node.epilogue))
        lost.push_back(alone(node.epilogue->expression, {member.end}, member.end));
      const NodeId reader = elementwise_reader(graph_, uses_, member.end);
      if (reader != no_node && std::find(readers.begin(), readers.end(), reader) == readers.end())
        readers.push_back(reader);
    }
    for (NodeId id : readers) {
      const Node& node = graph_.node(id);
      // One that the next of them reads is fused into it.
      const NodeId next = elementwise_reader(graph_, uses_, node.outputs[0]);
      if (std::find(readers.begin(), readers.end(), next) == readers.end())
        lost.push_back(alone(*elementwise_expression(graph_, node), node.inputs, node.outputs[0]));
    }
    return lost;
  }

  Problem alone(const ScalarExpr& expression, const std::vector<ValueId>& inputs,
                ValueId result) const {
    Problem problem;
    problem.kind = ProblemKind::pointwise;
    problem.domain = "cermet";
    problem.op = "Pointwise";
    problem.expression = expression;
    for (ValueId input : inputs)
      problem.inputs.push_back(input == no_value ? std::nullopt : std::optional(operand(input)));
    problem.outputs = {operand(result)};
    return problem;
  }

  // All have the same epilogue, whose operands are constant, so that the merged node has it too.
  bool have_one_epilogue(const SiblingGroup& group) const {
    const auto& first = graph_.node(group.members[0].node).epilogue;
    return std::all_of(group.members.begin(), group.members.end(), [&](const Sibling& member) {
      const Node& node = graph_.node(member.node);
      if (!node.epilogue || node.epilogue->expression != first->expression) return false;
      for (size_t i = node.epilogue->first_input; i < node.inputs.size(); ++i)
        if (constant_of(graph_, node.inputs[i]) == nullptr) return false;
      return true;
    });
  }

  static bool is_bias(const Epilogue& epilogue) {
    const auto& nodes = epilogue.expression.nodes();
    return std::all_of(nodes.begin(), nodes.end(), [](const ScalarNode& node) {
      return node.op == ScalarOp::input || node.op == ScalarOp::add ||
             node.op == ScalarOp::constant;
    });
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
