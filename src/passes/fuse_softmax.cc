// Softmax written out, e / sum(e) with e = exp(x - max(x)), becomes one operator. Without the
// maximum it overflows where the operator does not, and stays.
#include <algorithm>

#include "passes/match.h"
#include "passes/passes.h"

namespace cermet {
namespace {

// The one axis over which a node reduces `from`, keeping it with size 1; -1 otherwise.
int64_t reduced_axis(const Graph& graph, ValueId id, std::string_view op, ValueId from) {
  const Node* node = graph.producer(id);
  if (node == nullptr || !node->is(op) || node->inputs[0] != from) return -1;
  const auto axes = known_integers(graph, node->input(1));
  if (!axes || axes->size() != 1 || node->attributes.integer("keepdims", 1) != 1) return -1;
  return (*axes)[0] < 0 ? (*axes)[0] + graph.type(from).rank() : (*axes)[0];
}

std::optional<Patch> fuse(const Graph& graph, NodeId id, const Uses& uses) {
  const Node& quotient = graph.node(id);
  const ValueType& type = graph.type(quotient.outputs[0]);
  if (!quotient.is("Div") || !type.has_rank() || type.element != ElementType::float32)
    return std::nullopt;
  const ValueId powers = quotient.inputs[0], sum = quotient.inputs[1];
  const Node* exp = graph.producer(powers);
  if (exp == nullptr || !exp->is("Exp") || uses.only_reader(sum) == no_node) return std::nullopt;
  const Node* difference = graph.producer(exp->inputs[0]);
  if (difference == nullptr || !difference->is("Sub")) return std::nullopt;
  const ValueId x = difference->inputs[0], greatest = difference->inputs[1];
  const int64_t axis = reduced_axis(graph, sum, "ReduceSum", powers);
  if (axis < 0 || reduced_axis(graph, greatest, "ReduceMax", x) != axis) return std::nullopt;
  const bool alone = uses.count(powers) == 2 && uses.only_reader(exp->inputs[0]) != no_node &&
                     uses.only_reader(greatest) != no_node && graph.type(x).dims == type.dims;
  if (!alone) return std::nullopt;
  Patch patch(graph);
  for (ValueId value : {quotient.outputs[0], sum, powers, exp->inputs[0], greatest})
    patch.consume(graph.value(value).producer);
  Node softmax;
  softmax.op = "Softmax";
  softmax.inputs = {x};
  softmax.attributes.set("axis", axis);
  patch.replace(quotient.outputs[0], patch.add(std::move(softmax)));
  return patch;
}

}  // namespace

std::vector<Patch> fuse_softmax(const Graph& graph) {
  const Uses uses(graph);
  std::vector<Patch> patches;
  for (NodeId id : graph.order())
    if (auto patch = fuse(graph, id, uses)) patches.push_back(std::move(*patch));
  return patches;
}

}  // namespace cermet
