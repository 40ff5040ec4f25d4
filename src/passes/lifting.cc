#include "passes/lifting.h"

#include <algorithm>
#include <array>

#include "passes/elementwise.h"
#include "passes/match.h"
#include "passes/reshape_groups.h"
#include "passes/slices.h"

namespace cermet {
namespace {

int64_t axis_of(const Node& node, int64_t otherwise, size_t rank) {
  const int64_t axis = node.attributes.integer("axis", otherwise);
  return axis < 0 ? axis + static_cast<int64_t>(rank) : axis;
}

ValueId add_integers(Patch& patch, const std::vector<int64_t>& values) {
  return patch.constant(
      Tensor::from(ElementType::int64, {static_cast<int64_t>(values.size())}, values));
}

// A rule says whether the node can be lifted, filling in what it needs, and adds `moved`: the node
// with its inputs lifted, which the graph does not know.
struct Rule {
  bool (*takes)(const Graph& graph, const Node& node, const Orders& lifted, Lifting& lifting);
  std::vector<ValueId> (*add)(Patch& patch, const Graph& graph, const Node& node, Node moved,
                              const Lifting& lifting);
};

bool is_lifted(ValueId id, const Orders& lifted, const Permutation& order) {
  const auto at = lifted.find(id);
  return at != lifted.end() && at->second == order;
}

bool turns_by_reshape(const ValueType& type, const Permutation& order) {
  const Permutation back = inverse(order);
  return type.rank() == static_cast<int>(order.size()) && moves_ones_only(*type.dims, back) &&
         reshape_target(type);
}

// An operand that broadcasts along every dimension that moves.
bool stays(const ValueType& type, const Permutation& order) {
  for (size_t d = 0; d < order.size(); ++d) {
    const int64_t own = static_cast<int64_t>(d) - static_cast<int64_t>(order.size()) + type.rank();
    if (order[d] != static_cast<int64_t>(d) && own >= 0 && !(*type.dims)[own].is_constant(1))
      return false;
  }
  return true;
}

// The forms of operands that all have the result's dimensions, or broadcast to them.
bool takes_all(const Graph& graph, const Node& node, const Orders& lifted, bool broadcasts,
               Lifting& lifting) {
  const auto rank = static_cast<int>(lifting.order.size());
  if (graph.type(node.outputs[0]).rank() != rank) return false;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const ValueId id = node.inputs[i];
    if (id == no_value) continue;
    const ValueType& type = graph.type(id);
    if (is_lifted(id, lifted, lifting.order)) {
      lifting.operands[i] = OperandForm::lifted;
    } else if (!type.has_rank() || type.rank() > rank || (!broadcasts && type.rank() != rank)) {
      return false;
    } else if (!broadcasts || !stays(type, lifting.order)) {
      if (constant_of(graph, id) == nullptr && !turns_by_reshape(type, lifting.order)) return false;
      lifting.operands[i] = OperandForm::turned;
    }
  }
  return true;
}

// The first operand alone is a tensor that the node works on.
bool takes_first(const Node& node, const Orders& lifted, Lifting& lifting) {
  if (!is_lifted(node.inputs[0], lifted, lifting.order)) return false;
  lifting.operands[0] = OperandForm::lifted;
  return true;
}

bool takes_elementwise(const Graph& graph, const Node& node, const Orders& lifted,
                       Lifting& lifting) {
  return elementwise_expression(graph, node) && takes_all(graph, node, lifted, true, lifting);
}

std::vector<ValueId> add_same(Patch& patch, const Graph&, const Node& node, Node moved,
                              const Lifting&) {
  return patch.add_all(std::move(moved), node.outputs.size());
}

bool takes_concat(const Graph& graph, const Node& node, const Orders& lifted, Lifting& lifting) {
  return takes_all(graph, node, lifted, false, lifting);
}

bool takes_one(const Graph&, const Node& node, const Orders& lifted, Lifting& lifting) {
  return takes_first(node, lifted, lifting);
}

std::vector<ValueId> add_along_axis(Patch& patch, const Graph&, const Node& node, Node moved,
                                    const Lifting& lifting) {
  const bool counts_from_front = node.is("Split") || node.is("Concat") || node.is("Gather");
  const int64_t otherwise = counts_from_front ? 0 : -1;
  const int64_t axis = axis_of(node, otherwise, lifting.order.size());
  moved.attributes.set("axis", lifting.order[axis]);
  return patch.add_all(std::move(moved), node.outputs.size());
}

// Pads of all dimensions, first those before them; nothing where they are not known.
std::optional<std::vector<int64_t>> pads_of(const Graph& graph, const Node& node, size_t rank) {
  const auto pads = known_integers(graph, node.inputs[1]);
  if (!pads || pads->size() % 2 != 0) return std::nullopt;
  const size_t count = pads->size() / 2;
  std::vector<int64_t> axes(count);
  for (size_t i = 0; i < count; ++i) axes[i] = static_cast<int64_t>(i);
  if (node.input(3) != no_value) {
    const auto given = known_integers(graph, node.inputs[3]);
    if (!given || given->size() != count) return std::nullopt;
    axes = *given;
  }
  std::vector<int64_t> all(2 * rank, 0);
  for (size_t i = 0; i < count; ++i) {
    const size_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
    all[axis] = (*pads)[i];
    all[axis + rank] = (*pads)[i + count];
  }
  return all;
}

bool takes_pad(const Graph& graph, const Node& node, const Orders& lifted, Lifting& lifting) {
  return takes_first(node, lifted, lifting) && pads_of(graph, node, lifting.order.size());
}

std::vector<ValueId> add_pad(Patch& patch, const Graph& graph, const Node& node, Node moved,
                             const Lifting& lifting) {
  const size_t rank = lifting.order.size();
  const std::vector<int64_t> pads = *pads_of(graph, node, rank);
  std::vector<int64_t> renamed(2 * rank);
  for (size_t d = 0; d < rank; ++d) {
    renamed[lifting.order[d]] = pads[d];
    renamed[lifting.order[d] + rank] = pads[d + rank];
  }
  moved.inputs[1] = add_integers(patch, renamed);
  if (moved.inputs.size() > 3) moved.inputs.resize(3);
  return {patch.add(std::move(moved))};
}

bool takes_slice(const Graph& graph, const Node& node, const Orders& lifted, Lifting& lifting) {
  return takes_first(node, lifted, lifting) && sliced_axes(graph, node);
}

std::vector<ValueId> add_moved_slice(Patch& patch, const Graph& graph, const Node& node, Node moved,
                                     const Lifting& lifting) {
  const auto sliced = sliced_axes(graph, node);
  std::vector<int64_t> axes;
  for (const SlicedAxis& each : *sliced) axes.push_back(lifting.order[each.axis]);
  if (moved.inputs.size() < 4) moved.inputs.resize(4, no_value);
  moved.inputs[3] = add_integers(patch, axes);
  return {patch.add(std::move(moved))};
}

std::optional<std::vector<int64_t>> reduced_axes(const Graph& graph, const Node& node,
                                                 size_t rank) {
  if (node.input(1) == no_value) return std::nullopt;
  auto axes = known_integers(graph, node.inputs[1]);
  if (!axes || axes->empty()) return std::nullopt;
  for (int64_t& axis : *axes) axis += axis < 0 ? static_cast<int64_t>(rank) : 0;
  return axes;
}

bool keeps_dims(const Node& node) { return node.attributes.integer("keepdims", 1) != 0; }

// The order of the dimensions that stay, among themselves.
Permutation without(const Permutation& order, const std::vector<int64_t>& axes) {
  Permutation left;
  for (size_t d = 0; d < order.size(); ++d)
    if (std::find(axes.begin(), axes.end(), static_cast<int64_t>(d)) == axes.end())
      left.push_back(order[d]);
  Permutation ranks;
  for (int64_t axis : left)
    ranks.push_back(std::count_if(left.begin(), left.end(), [&](int64_t a) { return a < axis; }));
  return ranks;
}

bool takes_reduction(const Graph& graph, const Node& node, const Orders& lifted, Lifting& lifting) {
  if (!takes_first(node, lifted, lifting)) return false;
  const auto axes = reduced_axes(graph, node, lifting.order.size());
  if (axes && !keeps_dims(node)) lifting.result_order = without(lifting.order, *axes);
  return axes.has_value();
}

// Reduced dimensions go apart, so that the reduction itself works in the operand's layout.
std::vector<ValueId> add_reduction(Patch& patch, const Graph& graph, const Node& node, Node moved,
                                   const Lifting& lifting) {
  std::vector<int64_t> axes = *reduced_axes(graph, node, lifting.order.size());
  for (int64_t& axis : axes) axis = lifting.order[axis];
  std::sort(axes.begin(), axes.end());
  const ValueId names = add_integers(patch, axes);
  Node squeeze;
  squeeze.op = "Squeeze";
  squeeze.name = node.name;
  squeeze.origin = moved.origin;
  moved.inputs[1] = names;
  moved.attributes.set("keepdims", int64_t{1});
  const ValueId reduced = patch.add(std::move(moved));
  if (keeps_dims(node)) return {reduced};
  squeeze.inputs = {reduced, names};
  return {patch.add(std::move(squeeze))};
}

// Rows of the left factor in another order, with the same right one.
bool takes_product(const Graph& graph, const Node& node, const Orders& lifted, Lifting& lifting) {
  const ValueType& right = graph.type(node.inputs[1]);
  const auto rank = static_cast<int64_t>(lifting.order.size());
  return takes_first(node, lifted, lifting) && lifting.order.back() == rank - 1 &&
         right.has_rank() && right.rank() == 2;
}

bool takes_reshape(const Graph& graph, const Node& node, const Orders& lifted, Lifting& lifting) {
  const ValueType& type = graph.type(node.outputs[0]);
  if (!takes_first(node, lifted, lifting) || !reshape_target(type)) return false;
  const auto groups = reshape_groups(*graph.type(node.inputs[0]).dims, *type.dims);
  const auto order = groups ? order_behind_reshape(*groups, lifting.order) : std::nullopt;
  if (order) lifting.result_order = *order;
  return order.has_value();
}

std::vector<ValueId> add_reshape(Patch& patch, const Graph& graph, const Node& node, Node moved,
                                 const Lifting& lifting) {
  ValueType type = graph.type(node.outputs[0]);
  type.dims = before_transpose(*type.dims, lifting.result_order);
  Node reshape;
  reshape.op = "Reshape";
  reshape.name = moved.name;
  reshape.origin = std::move(moved.origin);
  reshape.inputs = {moved.inputs[0], add_integers(patch, *reshape_target(type))};
  return {patch.add(std::move(reshape))};
}

// Of one place, or of a list of places along the axis.
bool takes_gather(const Graph& graph, const Node& node, const Orders& lifted, Lifting& lifting) {
  const Tensor* index = constant_of(graph, node.inputs[1]);
  if (!takes_first(node, lifted, lifting) || index == nullptr || index->shape().size() > 1)
    return false;
  const int64_t axis = axis_of(node, 0, lifting.order.size());
  if (index->shape().empty()) lifting.result_order = without(lifting.order, {axis});
  return true;
}

struct NamedRule {
  std::string_view op;
  Rule rule;
};
constexpr Rule along_axis{takes_one, add_along_axis};
constexpr Rule reduction{takes_reduction, add_reduction};
constexpr Rule reshape{takes_reshape, add_reshape};
constexpr std::array rules{NamedRule{"Concat", {takes_concat, add_along_axis}},
                           NamedRule{"Split", along_axis},
                           NamedRule{"Softmax", along_axis},
                           NamedRule{"LogSoftmax", along_axis},
                           NamedRule{"Hardmax", along_axis},
                           NamedRule{"Pad", {takes_pad, add_pad}},
                           NamedRule{"Slice", {takes_slice, add_moved_slice}},
                           NamedRule{"MatMul", {takes_product, add_same}},
                           NamedRule{"Gather", {takes_gather, add_along_axis}},
                           NamedRule{"Reshape", reshape},
                           NamedRule{"Flatten", reshape},
                           NamedRule{"Squeeze", reshape},
                           NamedRule{"Unsqueeze", reshape},
                           NamedRule{"ReduceSum", reduction},
                           NamedRule{"ReduceMean", reduction},
                           NamedRule{"ReduceMax", reduction},
                           NamedRule{"ReduceMin", reduction},
                           NamedRule{"ReduceProd", reduction},
                           NamedRule{"ReduceL1", reduction},
                           NamedRule{"ReduceL2", reduction},
                           NamedRule{"ReduceLogSum", reduction},
                           NamedRule{"ReduceLogSumExp", reduction},
                           NamedRule{"ReduceSumSquare", reduction}};

Rule rule_of(const Node& node) {
  const auto* at = std::ranges::find(rules, node.op, &NamedRule::op);
  return node.domain.empty() && at != rules.end() ? at->rule : Rule{takes_elementwise, add_same};
}

Tensor turned(const Tensor& tensor, const Permutation& order) {
  Shape shape(order.size() - tensor.shape().size(), 1);
  shape.insert(shape.end(), tensor.shape().begin(), tensor.shape().end());
  Attributes attributes;
  attributes.set("perm", inverse(order));
  const std::vector<std::optional<Value>> inputs{Value(tensor.reshaped(shape))};
  return evaluate(*find_operator("", "Transpose"), attributes, inputs, 1)[0].tensor;
}

}  // namespace

std::optional<Lifting> lifting_of(const Graph& graph, const Node& node, const Orders& lifted) {
  const auto first = std::find_if(node.inputs.begin(), node.inputs.end(),
                                  [&](ValueId id) { return lifted.contains(id); });
  if (first == node.inputs.end() || node.epilogue || !node.subgraphs.empty()) return std::nullopt;
  for (ValueId id : node.outputs)
    if (id == no_value || !graph.type(id).has_rank()) return std::nullopt;
  Lifting lifting{lifted.at(*first), lifted.at(*first), {}};
  lifting.operands.assign(node.inputs.size(), OperandForm::as_is);
  if (!rule_of(node).takes(graph, node, lifted, lifting)) return std::nullopt;
  return lifting;
}

std::vector<ValueId> add_lifted(Patch& patch, const Graph& graph, const Node& node,
                                const Lifting& lifting, std::vector<ValueId> inputs,
                                Origin origin) {
  Node moved = Patch::copy_of(node);
  moved.inputs = std::move(inputs);
  moved.origin = std::move(origin);
  return rule_of(node).add(patch, graph, node, std::move(moved), lifting);
}

ValueId add_turned(Patch& patch, const Graph& graph, ValueId value, const Permutation& order) {
  if (const Tensor* tensor = constant_of(graph, value))
    return patch.constant(turned(*tensor, order), derived_recipe(graph, {value}, "transpose"));
  Node node;
  node.op = "Transpose";
  node.name = graph.value(value).name;
  node.inputs = {value};
  node.attributes.set("perm", inverse(order));
  return patch.add(std::move(node));
}

}  // namespace cermet
