#include "passes/sibling_costs.h"

#include <algorithm>

#include "passes/elementwise.h"

namespace cermet {
namespace {

// What estimates have to promise: they are rough.
constexpr double least_gain = 0.03;

class Estimate {
 public:
  Estimate(const Graph& graph, const Uses& uses, const CostOracle& oracle)
      : graph_(graph), uses_(uses), oracle_(oracle) {}

  std::optional<SiblingCosts> of(const SiblingGroup& group) const {
    std::vector<Problem> lost = lost_epilogues(group);
    const Problem joined = joined_product(group);
    std::optional<double> together = oracle_.step_us(joined, false);
    if (!oracle_.reads_parts_of_rows() || !attention_reads_all(group))
      add(together, oracle_.step_us(cut_of(group, joined), any_is_output(group)));
    for (const Problem& problem : lost) add(together, oracle_.step_us(problem, false));
    std::optional<double> apart = 0;
    for (const Sibling& member : group.members)
      add(apart, oracle_.step_us(product_of(member.node), false));
    if (!apart || !together) return std::nullopt;
    return SiblingCosts{*apart, *together};
  }

 private:
  static void add(std::optional<double>& sum, std::optional<double> more) {
    sum = sum && more ? std::optional(*sum + *more) : std::nullopt;
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

  // As queries, keys or values; then nothing is cut.
  bool attention_reads_all(const SiblingGroup& group) const {
    const auto only_heads = [&](NodeId id, ValueId value) {
      const Node& node = graph_.node(id);
      return node.is("Attention") &&
             std::find(node.inputs.begin() + std::min<size_t>(3, node.inputs.size()),
                       node.inputs.end(), value) == node.inputs.end();
    };
    return std::all_of(group.members.begin(), group.members.end(), [&](const Sibling& member) {
      const auto& readers = uses_.readers(member.end);
      return !graph_.is_output(member.end) && !readers.empty() &&
             std::all_of(readers.begin(), readers.end(),
                         [&](NodeId id) { return only_heads(id, member.end); });
    });
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

  const Graph& graph_;
  const Uses& uses_;
  const CostOracle& oracle_;
};

}  // namespace

bool SiblingCosts::pays() const { return together < (1 - least_gain) * apart; }

std::optional<SiblingCosts> costs_of(const Graph& graph, const Uses& uses,
                                     const SiblingGroup& group, const CostOracle& oracle) {
  return Estimate(graph, uses, oracle).of(group);
}

}  // namespace cermet
