// What is done and undone at once is not done: a negation of a negation, a reshape back to the
// shape from which another came, parts that are joined as they were split. What changes nothing
// when it is done twice is done once.
#include <algorithm>
#include <array>

#include "passes/match.h"
#include "passes/passes.h"

namespace cermet {
namespace {

template <size_t N>
bool one_of(const Node& node, const std::array<std::string_view, N>& names) {
  return node.domain.empty() && !node.epilogue && std::ranges::find(names, node.op) != names.end();
}

constexpr std::array<std::string_view, 3> own_inverses{"Neg", "Not", "BitwiseNot"};
constexpr std::array<std::string_view, 6> idempotent{"Relu", "Abs",   "Floor",
                                                     "Ceil", "Round", "Sign"};
constexpr std::array<std::string_view, 4> reshapes{"Reshape", "Flatten", "Squeeze", "Unsqueeze"};

// The value that the node's first result equals because of the node before it; no_value otherwise.
ValueId undone(const Graph& graph, const Node& node) {
  const Node* first = node.inputs.empty() ? nullptr : graph.producer(node.inputs[0]);
  if (first == nullptr || first->inputs.empty() || node.outputs[0] == no_value) return no_value;
  if (one_of(node, own_inverses) && first->is(node.op)) return first->inputs[0];
  if (one_of(node, idempotent) && first->is(node.op) && !first->epilogue) return node.inputs[0];
  const ValueType &from = graph.type(first->inputs[0]), &to = graph.type(node.outputs[0]);
  const bool back = one_of(node, reshapes) && one_of(*first, reshapes) && to.has_rank();
  return back && from == to ? first->inputs[0] : no_value;
}

int64_t axis_of(const Graph& graph, const Node& node, ValueId of, int64_t otherwise) {
  const int64_t axis = node.attributes.integer("axis", otherwise);
  return axis < 0 ? axis + graph.type(of).rank() : axis;
}

bool along_one_axis(const Graph& graph, const Node& split, const Node& concat) {
  const ValueId whole = split.inputs[0], joined = concat.outputs[0];
  if (!graph.type(whole).has_rank() || !graph.type(joined).has_rank()) return false;
  return axis_of(graph, split, whole, 0) == axis_of(graph, concat, joined, 0);
}

// All parts of a Split, joined in their order.
ValueId split_before(const Graph& graph, const Node& concat) {
  const Node* split = concat.is("Concat") ? graph.producer(concat.inputs[0]) : nullptr;
  if (split == nullptr || !split->is("Split") || split->outputs != concat.inputs) return no_value;
  const bool same = along_one_axis(graph, *split, concat) &&
                    graph.type(split->inputs[0]) == graph.type(concat.outputs[0]);
  return same ? split->inputs[0] : no_value;
}

// The Concat whose operands the Split gives back, each whole.
const Node* concat_before(const Graph& graph, const Node& split) {
  const Node* concat = split.is("Split") ? graph.producer(split.inputs[0]) : nullptr;
  if (concat == nullptr || !concat->is("Concat") || !along_one_axis(graph, split, *concat))
    return nullptr;
  const bool same = std::ranges::equal(concat->inputs, split.outputs, [&](ValueId a, ValueId b) {
    return b != no_value && graph.type(a).has_rank() && graph.type(a) == graph.type(b);
  });
  return same ? concat : nullptr;
}

}  // namespace

std::vector<Patch> cancel_inverses(const Graph& graph) {
  std::vector<Patch> patches;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    Patch patch(graph);
    patch.consume(id);
    if (const Node* concat = concat_before(graph, node)) {
      for (size_t i = 0; i < node.outputs.size(); ++i)
        patch.replace(node.outputs[i], concat->inputs[i]);
    } else {
      ValueId value = undone(graph, node);
      if (value == no_value) value = split_before(graph, node);
      if (value == no_value) continue;
      patch.replace(node.outputs[0], value);
    }
    patches.push_back(std::move(patch));
  }
  return patches;
}

}  // namespace cermet
