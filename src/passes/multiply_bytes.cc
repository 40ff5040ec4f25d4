// Products and convolutions of dequantised bytes by dequantised constant weights become products of
// the bytes, whose sums are scaled: MatMulInteger or ConvInteger, a cast, a multiplication and the
// bias. Only for machines that multiply bytes faster than floats.
#include <algorithm>
#include <array>

#include "passes/match.h"
#include "passes/passes.h"

namespace cermet {
namespace {

constexpr int64_t fewest_channels_of_group = 8;  // of smaller ones floats are multiplied faster

struct Bytes {
  NodeId node = no_node;  // that dequantises them
  ValueId values = no_value, scale = no_value, zero = no_value;
  int axis = -1;            // of the values that the scales follow; -1: one scale
  bool transposed = false;  // between DequantizeLinear and the product
};

bool is_single(const ValueType& type) {
  return type.has_rank() && std::all_of(type.dims->begin(), type.dims->end(),
                                        [](const Dim& size) { return size.is_constant(1); });
}

bool is_byte(ElementType type) { return type == ElementType::int8 || type == ElementType::uint8; }

class ByteProducts {
 public:
  explicit ByteProducts(const Graph& graph) : graph_(graph) {}

  std::optional<Patch> at(NodeId id) const {
    const Node& node = graph_.node(id);
    if (node.epilogue || !node.domain.empty()) return std::nullopt;
    if (node.op == "Conv") return convolution(id);
    if (node.op == "MatMul" || node.op == "Gemm") return product(id);
    return std::nullopt;
  }

 private:
  std::optional<Bytes> bytes_of(ValueId id) const {
    const NodeId producer = graph_.value(id).producer;
    if (producer == no_node) return std::nullopt;
    const Node& node = graph_.node(producer);
    if (!node.is("DequantizeLinear") || node.attributes.integer("block_size", 0) != 0)
      return std::nullopt;
    const ValueType &values = graph_.type(node.inputs[0]), &scale = graph_.type(node.inputs[1]);
    if (!is_byte(values.element) || !values.has_rank() || !scale.has_rank()) return std::nullopt;
    Bytes bytes{producer, node.inputs[0], node.inputs[1], node.input(2)};
    if (is_single(scale)) return bytes;
    if (scale.rank() != 1) return std::nullopt;
    const int64_t axis = node.attributes.integer("axis", 1);
    bytes.axis = static_cast<int>(axis < 0 ? axis + values.rank() : axis);
    return bytes;
  }

  // Activations, with one scale.
  std::optional<Bytes> activations(ValueId id) const {
    auto bytes = bytes_of(id);
    if (!bytes || bytes->axis >= 0 || constant_of(graph_, bytes->values)) return std::nullopt;
    return bytes;
  }

  // Constant weights, with one scale or one for each result channel, which counts along `axis`.
  std::optional<Bytes> weights(ValueId id, int axis) const {
    auto bytes = bytes_of(id);
    if (!bytes || constant_of(graph_, bytes->values) == nullptr) return std::nullopt;
    // A computed zero point of constant weights has no kernel.
    if (bytes->zero != no_value && constant_of(graph_, bytes->zero) == nullptr) return std::nullopt;
    if (bytes->axis >= 0 && bytes->axis != axis) return std::nullopt;
    return bytes;
  }

  // Of a matrix [depth, columns], or its transpose if `turned`.
  std::optional<Bytes> matrix(ValueId id, bool turned) const {
    const Node* node = graph_.producer(id);
    if (node != nullptr && node->is("Transpose") && graph_.type(id).has_rank() &&
        graph_.type(id).rank() == 2 && permutation_of(graph_, *node) == std::vector<int64_t>{1, 0})
      return matrix(node->inputs[0], !turned);
    auto bytes = weights(id, turned ? 0 : 1);
    if (!bytes || graph_.type(bytes->values).rank() != 2) return std::nullopt;
    bytes->transposed = turned;
    return bytes;
  }

  std::optional<Patch> convolution(NodeId id) const {
    const Node& node = graph_.node(id);
    const auto x = activations(node.inputs[0]);
    const auto w = weights(node.inputs[1], 0);
    if (!x || !w || !graph_.type(node.outputs[0]).has_rank()) return std::nullopt;
    const Shape& shape = constant_of(graph_, w->values)->shape();
    const int64_t groups = node.attributes.integer("group", 1);
    if (groups > 1 &&
        (shape[1] < fewest_channels_of_group || shape[0] / groups < fewest_channels_of_group))
      return std::nullopt;
    Patch patch(graph_);
    Node made;
    made.op = "ConvInteger";
    made.attributes = node.attributes;
    made.inputs = {x->values, w->values, x->zero, w->zero};
    std::vector<int64_t> channels(shape.size() - 1, 1);
    channels[0] = -1;
    return scaled(std::move(patch), id, std::move(made), *x, *w, node.input(2), channels);
  }

  std::optional<Patch> product(NodeId id) const {
    const Node& node = graph_.node(id);
    const bool gemm = node.op == "Gemm";
    if (gemm &&
        (node.attributes.integer("transA", 0) != 0 || node.attributes.number("alpha", 1) != 1 ||
         (node.input(2) != no_value && node.attributes.number("beta", 1) != 1)))
      return std::nullopt;
    const auto a = activations(node.inputs[0]);
    const auto b = matrix(node.inputs[1], gemm && node.attributes.integer("transB", 0) != 0);
    if (!a || !b || !graph_.type(node.outputs[0]).has_rank()) return std::nullopt;
    Patch patch(graph_);
    ValueId right = b->values;
    if (b->transposed) {
      Node turn;
      turn.op = "Transpose";
      turn.attributes.set("perm", std::vector<int64_t>{1, 0});
      turn.inputs = {right};
      right = patch.add(std::move(turn));
    }
    Node made;
    made.op = "MatMulInteger";
    made.inputs = {a->values, right, a->zero, b->zero};
    return scaled(std::move(patch), id, std::move(made), *a, *b, gemm ? node.input(2) : no_value,
                  {});
  }

  // The sums of `made` as floats, in place of the result of node `id`. `channels`: the shape that
  // scales and bias have to have; empty: the one that they have.
  std::optional<Patch> scaled(Patch patch, NodeId id, Node made, const Bytes& left,
                              const Bytes& right, ValueId bias,
                              const std::vector<int64_t>& channels) const {
    const Node& node = graph_.node(id);
    const ElementType type = graph_.type(node.outputs[0]).element;
    const auto as_float = [&](ValueId value, ElementType from) {
      return from == ElementType::float32 ? value : cast(patch, value, ElementType::float32);
    };
    const auto along_channels = [&](ValueId value, bool single) {
      return single || channels.empty() ? value : reshaped(patch, value, channels);
    };
    ValueId result = cast(patch, patch.add(std::move(made)), ElementType::float32);
    const ValueId scale = binary(patch, "Mul", as_float(left.scale, element(left.scale)),
                                 as_float(right.scale, element(right.scale)));
    result = binary(patch, "Mul", result, along_channels(scale, right.axis < 0));
    if (bias != no_value)
      result = binary(patch, "Add", result, along_channels(as_float(bias, type), false));
    if (type != ElementType::float32) result = cast(patch, result, type);
    for (NodeId consumed : {id, left.node, right.node}) patch.consume(consumed);
    patch.replace(node.outputs[0], result);
    return patch;
  }

  ElementType element(ValueId id) const { return graph_.type(id).element; }

  static ValueId cast(Patch& patch, ValueId value, ElementType to) {
    Node node;
    node.op = "Cast";
    node.attributes.set("to", static_cast<int64_t>(to));
    node.inputs = {value};
    return patch.add(std::move(node));
  }

  static ValueId binary(Patch& patch, std::string_view op, ValueId a, ValueId b) {
    Node node;
    node.op = op;
    node.inputs = {a, b};
    return patch.add(std::move(node));
  }

  static ValueId reshaped(Patch& patch, ValueId value, const std::vector<int64_t>& shape) {
    Node node;
    node.op = "Reshape";
    node.inputs = {value, patch.constant(Tensor::from(
                              ElementType::int64, {static_cast<int64_t>(shape.size())}, shape))};
    return patch.add(std::move(node));
  }

  const Graph& graph_;
};

}  // namespace

std::vector<Patch> multiply_bytes(const Graph& graph, const CostOracle& costs) {
  std::vector<Patch> patches;
  if (!costs.multiplies_bytes()) return patches;
  const ByteProducts products(graph);
  for (NodeId id : graph.order())
    if (auto patch = products.at(id)) patches.push_back(std::move(*patch));
  return patches;
}

}  // namespace cermet
