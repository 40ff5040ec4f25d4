// Constants that scale or shift the channels before or after a convolution or product are taken
// into its weights and bias.
#include <algorithm>
#include <cmath>

#include "ops/convolution/window.attrs.h"
#include "passes/passes.h"
#include "passes/scale_weights.h"

namespace cermet {
namespace {

// The constant's numbers along one axis of a value, where it varies along no other.
std::optional<std::vector<double>> numbers_along(const Tensor& constant, int rank, int axis,
                                                 int64_t size) {
  const Shape& shape = constant.shape();
  const int own_rank = static_cast<int>(shape.size());
  if (own_rank > rank) return std::nullopt;
  for (int d = 0; d < own_rank; ++d) {
    const bool along = d + rank - own_rank == axis;
    if (shape[d] != 1 && (!along || shape[d] != size)) return std::nullopt;
  }
  std::vector<double> numbers = load_all<double>(constant.view());
  if (constant.elements() == 1) numbers.resize(size, numbers[0]);
  return numbers;
}

// A node that scales or shifts its one operand that is not constant.
struct Linear {
  ValueId operand = no_value, constant = no_value;
  ScaleShift by;

  bool shifts() const {
    return std::any_of(by.shift.begin(), by.shift.end(), [](double t) { return t != 0; });
  }
};

ScaleShift scale_shift_of(const Node& node, bool constant_first, std::vector<double> numbers) {
  const size_t size = numbers.size();
  if (node.is("Add")) return {std::vector<double>(size, 1), std::move(numbers)};
  if (node.is("Sub")) {
    if (constant_first) return {std::vector<double>(size, -1), std::move(numbers)};
    for (double& number : numbers) number = -number;
    return {std::vector<double>(size, 1), std::move(numbers)};
  }
  if (node.is("Div"))
    for (double& number : numbers) number = 1 / number;
  return {std::move(numbers), std::vector<double>(size, 0)};
}

bool all_finite(const std::vector<double>& numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](double v) { return std::isfinite(v); });
}

std::optional<Linear> linear_along(const Graph& graph, const Node& node, int axis, int64_t size) {
  if (!(node.is("Add") || node.is("Sub") || node.is("Mul") || node.is("Div"))) return std::nullopt;
  const ValueType& type = graph.type(node.outputs[0]);
  if (type.element != ElementType::float32 && type.element != ElementType::float64)
    return std::nullopt;
  for (size_t side : {1, 0}) {
    const Tensor* constant = constant_of(graph, node.inputs[side]);
    const ValueId operand = node.inputs[1 - side];
    if (constant == nullptr || constant_of(graph, operand) != nullptr) continue;
    if ((side == 0 && node.is("Div")) || graph.type(operand).dims != type.dims) continue;
    auto numbers = numbers_along(*constant, type.rank(), axis, size);
    if (!numbers) continue;
    Linear found{operand, node.inputs[side], scale_shift_of(node, side == 0, std::move(*numbers))};
    if (all_finite(found.by.scale) && all_finite(found.by.shift)) return found;
  }
  return std::nullopt;
}

// Weights read by others too would have to be kept twice.
const Tensor* own_constant(const Graph& graph, ValueId id, const Uses& uses) {
  return id != no_value && uses.count(id) == 1 ? constant_of(graph, id) : nullptr;
}

bool pads(const Node& node) {
  const AutoPad auto_pad = auto_pad_from(node.attributes);
  if (auto_pad == AutoPad::valid) return false;
  const auto sizes = node.attributes.integers("pads", {});
  return auto_pad != AutoPad::none ||
         std::any_of(sizes.begin(), sizes.end(), [](int64_t size) { return size != 0; });
}

// What a shift by a constant is when all passes have run: sums and products of one value with
// constants.
bool is_fused_shift(const Graph& graph, const Node& node) {
  if (!node.is("Pointwise", "cermet")) return false;
  const auto constants = std::count_if(node.inputs.begin(), node.inputs.end(), [&](ValueId input) {
    return constant_of(graph, input) != nullptr;
  });
  bool sums = false;
  for (const ScalarNode& part : node.expression.nodes()) {
    const bool sum = part.op == ScalarOp::add || part.op == ScalarOp::sub;
    sums = sums || sum;
    if (!sum && part.op != ScalarOp::input && part.op != ScalarOp::constant &&
        part.op != ScalarOp::mul && part.op != ScalarOp::div)
      return false;
  }
  return sums && constants + 1 == static_cast<std::ptrdiff_t>(node.inputs.size());
}

class Scales {
 public:
  Scales(const Graph& graph, const Uses& uses) : graph_(graph), uses_(uses) {}

  std::optional<Patch> at(NodeId id) const {
    const Node& node = graph_.node(id);
    if (node.epilogue || node.inputs.empty()) return std::nullopt;
    if (node.is("Conv") || node.is("ConvTranspose")) {
      if (auto patch = after_convolution(id)) return patch;
      return before_convolution(id);
    }
    if (!node.is("MatMul")) return std::nullopt;
    if (auto patch = after_product(id)) return patch;
    return before_product(id);
  }

 private:
  std::optional<Patch> before_convolution(NodeId id) const {
    const Node& node = graph_.node(id);
    const Tensor* weights = own_constant(graph_, node.input(1), uses_);
    const NodeId before = graph_.value(node.inputs[0]).producer;
    if (weights == nullptr || before == no_node || uses_.only_reader(node.inputs[0]) == no_node)
      return std::nullopt;
    if (node.input(2) != no_value && constant_of(graph_, node.input(2)) == nullptr)
      return std::nullopt;
    const bool transposed = node.is("ConvTranspose");
    const int64_t group = node.attributes.integer("group", 1);
    const int64_t channels = weights->shape()[transposed ? 0 : 1] * (transposed ? 1 : group);
    const auto found = linear_along(graph_, graph_.node(before), 1, channels);
    if (!found) return std::nullopt;
    // Zeros around the image would have to be shifted too.
    if (found->shifts() && (transposed || pads(node))) return std::nullopt;
    Patch patch(graph_);
    patch.consume(id);
    patch.consume(before);
    Node scaled = Patch::copy_of(node);
    scaled.inputs[0] = found->operand;
    scaled.inputs[1] = patch.constant(
        transposed ? scaled_along(*weights, 0, found->by.scale)
                   : scaled_inputs(*weights, found->by.scale, group),
        derived_recipe(graph_, {node.inputs[1], found->constant}, "scale input channels"));
    if (found->shifts()) {
      scaled.inputs.resize(3, no_value);
      scaled.inputs[2] =
          patch.constant(shifted_bias(node, *weights, found->by.shift, group),
                         derived_recipe(graph_, {node.inputs[1], node.input(2), found->constant},
                                        "shift input channels"));
    }
    patch.replace(node.outputs[0], patch.add(std::move(scaled)));
    return patch;
  }

  // The input channel that weight `i` multiplies.
  static int64_t input_channel(const Shape& shape, int64_t i, int64_t group) {
    const int64_t inner = element_count(Shape(shape.begin() + 2, shape.end()));
    const int64_t output = i / (inner * shape[1]);
    return output / (shape[0] / group) * shape[1] + i / inner % shape[1];
  }

  static Tensor scaled_inputs(const Tensor& weights, const std::vector<double>& scale,
                              int64_t group) {
    std::vector<double> values = load_all<double>(weights.view());
    for (int64_t i = 0; i < static_cast<int64_t>(values.size()); ++i)
      values[i] *= scale[input_channel(weights.shape(), i, group)];
    Tensor result(weights.type(), weights.shape());
    store_all<double>(result.view(), values);
    return result;
  }

  Tensor shifted_bias(const Node& node, const Tensor& weights, const std::vector<double>& shift,
                      int64_t group) const {
    const Shape& shape = weights.shape();
    const std::vector<double> values = load_all<double>(weights.view());
    const Tensor* before = constant_of(graph_, node.input(2));
    std::vector<double> bias(shape[0], 0);
    if (before != nullptr) bias = load_all<double>(before->view());
    const int64_t a_row = weights.elements() / shape[0];
    for (int64_t i = 0; i < static_cast<int64_t>(values.size()); ++i)
      bias[i / a_row] += values[i] * shift[input_channel(shape, i, group)];
    Tensor result(weights.type(), {shape[0]});
    store_all<double>(result.view(), bias);
    return result;
  }

  std::optional<Patch> after_convolution(NodeId id) const {
    const Node& node = graph_.node(id);
    const ValueId joint = node.outputs[0];
    if (why_not_into(graph_, node, joint, uses_) != nullptr ||
        own_constant(graph_, node.input(1), uses_) == nullptr)
      return std::nullopt;
    const NodeId reader = uses_.readers(joint)[0];
    const auto found = linear_along(graph_, graph_.node(reader), 1, result_channels(graph_, node));
    if (!found || found->operand != joint) return std::nullopt;
    Patch patch(graph_);
    patch.consume(id);
    patch.consume(reader);
    patch.replace(graph_.node(reader).outputs[0],
                  patch.add(scaled_convolution(graph_, patch, node, found->by, {found->constant},
                                               "constants after it")));
    return patch;
  }

  // The constant right side of a product, [k, n], that nothing else reads.
  const Tensor* right_side(const Node& product) const {
    const Tensor* weights = own_constant(graph_, product.inputs[1], uses_);
    if (weights == nullptr || weights->shape().size() != 2) return nullptr;
    return weights;
  }

  std::optional<Patch> after_product(NodeId id) const {
    const Node& node = graph_.node(id);
    const Tensor* weights = right_side(node);
    const NodeId reader = uses_.only_reader(node.outputs[0]);
    const ValueType& type = graph_.type(node.outputs[0]);
    if (weights == nullptr || reader == no_node || !type.has_rank()) return std::nullopt;
    const auto found =
        linear_along(graph_, graph_.node(reader), type.rank() - 1, weights->shape()[1]);
    // A shift is the product's epilogue as it is.
    if (!found || found->shifts()) return std::nullopt;
    Patch patch(graph_);
    patch.consume(id);
    patch.consume(reader);
    Node scaled = Patch::copy_of(node);
    scaled.inputs[1] =
        patch.constant(scaled_along(*weights, 1, found->by.scale),
                       derived_recipe(graph_, {node.inputs[1], found->constant}, "scale columns"));
    patch.replace(graph_.node(reader).outputs[0], patch.add(std::move(scaled)));
    return patch;
  }

  std::optional<Patch> before_product(NodeId id) const {
    const Node& node = graph_.node(id);
    const Tensor* weights = right_side(node);
    const NodeId before = graph_.value(node.inputs[0]).producer;
    const ValueType& type = graph_.type(node.inputs[0]);
    if (weights == nullptr || before == no_node || !type.has_rank() ||
        uses_.only_reader(node.inputs[0]) == no_node)
      return std::nullopt;
    const auto found =
        linear_along(graph_, graph_.node(before), type.rank() - 1, weights->shape()[0]);
    if (!found) return std::nullopt;
    Patch patch(graph_);
    patch.consume(id);
    patch.consume(before);
    Node scaled = Patch::copy_of(node);
    scaled.inputs[0] = found->operand;
    const Recipe recipe = derived_recipe(graph_, {node.inputs[1], found->constant}, "scale rows");
    if (std::any_of(found->by.scale.begin(), found->by.scale.end(),
                    [](double s) { return s != 1; }))
      scaled.inputs[1] = patch.constant(scaled_along(*weights, 0, found->by.scale), recipe);
    ValueId result = patch.add(std::move(scaled));
    if (found->shifts()) {
      Node sum;
      sum.op = "Add";
      sum.inputs = {result, patch.constant(shifted_row(*weights, found->by.shift),
                                           derived_recipe(graph_, {node.inputs[1], found->constant},
                                                          "shift rows"))};
      result = patch.add(std::move(sum));
    }
    patch.replace(node.outputs[0], result);
    return patch;
  }

  // shift x weights.
  static Tensor shifted_row(const Tensor& weights, const std::vector<double>& shift) {
    const std::vector<double> values = load_all<double>(weights.view());
    const int64_t columns = weights.shape()[1];
    std::vector<double> sums(columns, 0);
    for (int64_t i = 0; i < static_cast<int64_t>(values.size()); ++i)
      sums[i % columns] += values[i] * shift[i / columns];
    Tensor result(weights.type(), {columns});
    store_all<double>(result.view(), sums);
    return result;
  }

  const Graph& graph_;
  const Uses& uses_;
};

}  // namespace

std::vector<Patch> fold_scales(const Graph& graph) {
  const Uses uses(graph);
  const Scales scales(graph, uses);
  std::vector<Patch> patches;
  for (NodeId id : graph.order())
    if (auto patch = scales.at(id)) patches.push_back(std::move(*patch));
  return patches;
}

void near_fold_scales(const Graph& graph, NearFusions& near) {
  const Uses uses(graph);
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (!is_convolution(node) || constant_of(graph, node.input(1)) == nullptr) continue;
    const NodeId before = graph.value(node.inputs[0]).producer;
    if (before == no_node || !is_fused_shift(graph, graph.node(before))) continue;
    if (uses.only_reader(node.inputs[0]) == no_node)
      near.add(graph, {before, id}, "the image is read by others too");
    else if (node.is("ConvTranspose") || pads(node))
      near.add(graph, {before, id},
               "zeros around the image, or between its elements, would have to be shifted too");
  }
}

}  // namespace cermet
