// Operators that hand on what they get.
#include <algorithm>
#include <array>

#include "passes/passes.h"

namespace cermet {
namespace {

std::optional<std::vector<int64_t>> integers(const Graph& graph, ValueId id) {
  if (id == no_value) return std::nullopt;
  const GraphValue& value = graph.value(id);
  if (value.constant) return load_integers(value.constant->tensor.view(), value.name);
  if (value.contents && all_constant(*value.contents)) return constants(*value.contents);
  return std::nullopt;
}

bool always(const Graph&, const Node&) { return true; }

bool forward_slice(const Graph& graph, const Node& node) {
  if (node.input(4) == no_value) return true;
  const auto steps = integers(graph, node.input(4));
  return steps && std::all_of(steps->begin(), steps->end(), [](int64_t s) { return s > 0; });
}

bool pads_nothing(const Graph& graph, const Node& node) {
  const auto pads = integers(graph, node.input(1));
  return pads && std::all_of(pads->begin(), pads->end(), [](int64_t p) { return p == 0; });
}

bool keeps_order(const Graph& graph, const Node& node) {
  const ValueType& type = graph.type(node.inputs[0]);
  if (!type.has_rank()) return false;
  std::vector<int64_t> backward(type.rank());
  for (int d = 0; d < type.rank(); ++d) backward[d] = type.rank() - 1 - d;
  const auto perm = node.attributes.integers("perm", backward);
  return std::is_sorted(perm.begin(), perm.end());
}

bool one_input(const Graph&, const Node& node) { return node.inputs.size() == 1; }

bool drops_nothing(const Graph& graph, const Node& node) {
  if (node.outputs.size() > 1 && node.outputs[1] != no_value) return false;
  if (node.input(2) == no_value) return true;
  const GraphValue& training = graph.value(node.input(2));
  return training.constant && load_element<uint64_t>(training.constant->tensor.view(), 0) == 0;
}

// What holds besides that input and output have the same type.
struct NoOp {
  std::string_view op;
  bool (*condition)(const Graph&, const Node&);
};
constexpr std::array no_ops{
    NoOp{"Identity", always},  NoOp{"Cast", always},           NoOp{"Reshape", always},
    NoOp{"Flatten", always},   NoOp{"Squeeze", always},        NoOp{"Unsqueeze", always},
    NoOp{"Expand", always},    NoOp{"Tile", always},           NoOp{"Slice", forward_slice},
    NoOp{"Pad", pads_nothing}, NoOp{"Transpose", keeps_order}, NoOp{"Concat", one_input},
    NoOp{"Sum", one_input},    NoOp{"Max", one_input},         NoOp{"Min", one_input},
    NoOp{"Mean", one_input},   NoOp{"Dropout", drops_nothing},
};

bool is_no_op(const Graph& graph, const Node& node) {
  if (!node.domain.empty() || node.epilogue || node.inputs.empty() || node.outputs.empty())
    return false;
  if (node.inputs[0] == no_value || node.outputs[0] == no_value) return false;
  const auto* row = std::find_if(no_ops.begin(), no_ops.end(),
                                 [&](const NoOp& candidate) { return candidate.op == node.op; });
  if (row == no_ops.end()) return false;
  // An unknown rank proves nothing, except for an Identity.
  const ValueType& from = graph.type(node.inputs[0]);
  if (!from.has_rank() && node.op != "Identity") return false;
  return from == graph.type(node.outputs[0]) && row->condition(graph, node);
}

}  // namespace

std::vector<Patch> eliminate_no_ops(const Graph& graph) {
  std::vector<Patch> patches;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (!is_no_op(graph, node)) continue;
    Patch patch(graph);
    patch.consume(id);
    patch.replace(node.outputs[0], node.inputs[0]);
    patches.push_back(std::move(patch));
  }
  return patches;
}

}  // namespace cermet
