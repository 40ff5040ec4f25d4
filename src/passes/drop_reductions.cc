// A reduction over sizes of 1 is what it does to one element.
#include <algorithm>
#include <array>
#include <numeric>

#include "passes/match.h"
#include "passes/passes.h"

namespace cermet {
namespace {

// What a reduction does to one element: an operator, or nothing. The root of a square and the
// logarithm of an exponential are missing: they overflow.
struct Single {
  std::string_view reduction;
  std::string_view op;
};
constexpr std::array singles{Single{"ReduceSum", ""},         Single{"ReduceMean", ""},
                             Single{"ReduceMax", ""},         Single{"ReduceMin", ""},
                             Single{"ReduceProd", ""},        Single{"ReduceL1", "Abs"},
                             Single{"ReduceSumSquare", "Mul"}};

// The axes over which the node reduces, where they are known.
std::optional<std::vector<int64_t>> reduced_axes(const Graph& graph, const Node& node) {
  const int rank = graph.type(node.inputs[0]).rank();
  std::vector<int64_t> axes;
  if (node.input(1) != no_value) {
    const auto given = known_integers(graph, node.inputs[1]);
    if (!given) return std::nullopt;
    axes = *given;
  }
  if (axes.empty() && node.attributes.integer("noop_with_empty_axes", 0) != 0) return std::nullopt;
  if (axes.empty()) {
    axes.resize(rank);
    std::iota(axes.begin(), axes.end(), 0);
  }
  for (int64_t& axis : axes) axis += axis < 0 ? rank : 0;
  return axes;
}

const Single* single_of(const Node& node) {
  const auto at = std::ranges::find(singles, node.op, &Single::reduction);
  return node.domain.empty() && !node.epilogue && at != singles.end() ? &*at : nullptr;
}

ValueId with_one_element(Patch& patch, const Single& single, ValueId x) {
  if (single.op.empty()) return x;
  Node node;
  node.op = single.op;
  node.inputs = {x};
  if (single.op == "Mul") node.inputs.push_back(x);
  return patch.add(std::move(node));
}

std::optional<Patch> dropped(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  const Single* single = single_of(node);
  if (single == nullptr || !graph.type(node.inputs[0]).has_rank()) return std::nullopt;
  const Dims& dims = *graph.type(node.inputs[0]).dims;
  const auto axes = reduced_axes(graph, node);
  const auto is_one = [&](int64_t axis) { return dims[axis].is_constant(1); };
  if (!axes || !std::ranges::all_of(*axes, is_one)) return std::nullopt;
  Patch patch(graph);
  patch.consume(id);
  ValueId value = with_one_element(patch, *single, node.inputs[0]);
  if (node.attributes.integer("keepdims", 1) == 0 && !axes->empty()) {
    Node squeeze;
    squeeze.op = "Squeeze";
    squeeze.inputs = {value, patch.constant(Tensor::from(
                                 ElementType::int64, {static_cast<int64_t>(axes->size())}, *axes))};
    value = patch.add(std::move(squeeze));
  }
  patch.replace(node.outputs[0], value);
  return patch;
}

}  // namespace

std::vector<Patch> drop_reductions(const Graph& graph) {
  std::vector<Patch> patches;
  for (NodeId id : graph.order())
    if (auto patch = dropped(graph, id)) patches.push_back(std::move(*patch));
  return patches;
}

}  // namespace cermet
