// Chains of elementwise operators become one node: each element is loaded and stored once.
#include <algorithm>
#include <map>
#include <set>

#include "passes/elementwise.h"
#include "passes/match.h"
#include "passes/passes.h"

namespace cermet {
namespace {

// More operands than this, and pointers take the registers that the data needs.
constexpr size_t most_operands = 12;
constexpr size_t most_nodes = 96;

// An expression that grows from its last node towards its inputs.
class Chain {
 public:
  // `near`, if any, is told which producers could not join.
  Chain(const Graph& graph, const Uses& uses, NodeId root, NearFusions* near = nullptr)
      : graph_(graph), uses_(uses), root_(root), near_(near) {}

  std::optional<Patch> grow() {
    const Node& root = graph_.node(root_);
    if (!elementwise_expression(graph_, root)) return std::nullopt;
    const int result = add(root_);
    if (operands_.empty() || (members_.size() == 1 && root.is("Pointwise", "cermet")))
      return std::nullopt;
    expression_.add_result(result);
    Patch patch(graph_);
    for (NodeId member : members_) patch.consume(member);
    Node fused;
    fused.domain = "cermet";
    fused.op = "Pointwise";
    fused.name = root.name;
    fused.inputs = operands_;
    fused.expression = expression_;
    patch.replace(root.outputs[0], patch.add(std::move(fused)));
    return patch;
  }

  const std::vector<NodeId>& members() const { return members_; }

 private:
  int add(NodeId id) {
    const Node& node = graph_.node(id);
    members_.push_back(id);
    const auto own = elementwise_expression(graph_, node);
    const int rank = rank_without_scalars(node);
    std::vector<int> arguments;
    for (ValueId input : node.inputs) arguments.push_back(argument(input, rank));
    return expression_.inline_expression(*own, arguments)[0];
  }

  // Constants of one element are part of the expression, unless they alone give the result its
  // rank.
  int argument(ValueId id, int rank_of_others) {
    if (id == no_value) return -1;
    const GraphValue& value = graph_.value(id);
    if (value.type.rank() <= rank_of_others)
      if (const auto scalar = add_scalar(value, expression_)) return *scalar;
    return this->value(id);
  }

  // The largest rank of the inputs that are no such constants; -1 when all are.
  int rank_without_scalars(const Node& node) const {
    ScalarExpr unused;
    int rank = -1;
    for (ValueId input : node.inputs)
      if (input != no_value && !add_scalar(graph_.value(input), unused))
        rank = std::max(rank, graph_.type(input).rank());
    return rank;
  }

  // The node of the expression that holds a value: its producer drawn in, or an operand.
  int value(ValueId id) {
    if (const auto known = known_.find(id); known != known_.end()) return known->second;
    const int node = joins(id) ? add(graph_.value(id).producer) : operand(id);
    known_[id] = node;
    return node;
  }

  int operand(ValueId id) {
    operands_.push_back(id);
    return expression_.input(static_cast<int>(operands_.size()) - 1, graph_.type(id).element);
  }

  // Whether the producer of a value is computed within this expression.
  bool joins(ValueId id) const {
    const NodeId producer = graph_.value(id).producer;
    if (producer == no_node) return false;
    std::string why;
    const bool fitting = fits(id, near_ != nullptr ? &why : nullptr);
    if (!fitting && near_ == nullptr) return false;
    if (!elementwise_expression(graph_, graph_.node(producer))) return false;
    if (!fitting) near_->add(graph_, {producer, root_}, std::move(why));
    return fitting;
  }

  // Only where every element of the value is read here alone and as often as it is made.
  bool fits(ValueId id, std::string* why) const {
    const ValueType& type = graph_.type(id);
    const ValueType& result = graph_.type(graph_.node(root_).outputs[0]);
    if (operands_.size() + 2 > most_operands)
      return refuse(why, "the expression would have more than {} operands", most_operands);
    if (expression_.nodes().size() > most_nodes)
      return refuse(why, "the expression would have more than {} operations", most_nodes);
    if (!(type.dims == result.dims))
      return refuse(why, "the sizes differ: {} and {}", type.to_string(), result.to_string());
    if (!read_here_only(id)) return refuse_internal(why, graph_, id, uses_.readers(id));
    return true;
  }

  // Every reader is a member already.
  bool read_here_only(ValueId id) const {
    if (graph_.is_output(id)) return false;
    const auto& readers = uses_.readers(id);
    return std::all_of(readers.begin(), readers.end(), [&](NodeId reader) {
      return std::find(members_.begin(), members_.end(), reader) != members_.end();
    });
  }

  const Graph& graph_;
  const Uses& uses_;
  NodeId root_;
  NearFusions* near_;
  ScalarExpr expression_;
  std::vector<ValueId> operands_;
  std::map<ValueId, int> known_;
  std::vector<NodeId> members_;
};

}  // namespace

std::vector<Patch> fuse_pointwise(const Graph& graph) {
  const Uses uses(graph);
  std::vector<Patch> patches;
  std::vector<NodeId> order = graph.order();
  std::set<NodeId> taken;
  for (size_t i = order.size(); i-- > 0;) {
    if (taken.contains(order[i])) continue;
    Chain chain(graph, uses, order[i]);
    auto patch = chain.grow();
    if (!patch) continue;
    taken.insert(chain.members().begin(), chain.members().end());
    patches.push_back(std::move(*patch));
  }
  return patches;
}

void near_fuse_pointwise(const Graph& graph, NearFusions& near) {
  const Uses uses(graph);
  for (NodeId id : graph.order()) Chain(graph, uses, id, &near).grow();
}

}  // namespace cermet
