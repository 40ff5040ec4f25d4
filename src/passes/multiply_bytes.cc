// Products and convolutions of dequantised bytes become products of the bytes, whose sums are
// scaled: MatMulInteger or ConvInteger and a cast, or cermet.MatMulFloat8 or ConvFloat8, a
// multiplication and the bias. Only for machines that multiply bytes faster than floats.
#include <algorithm>

#include "passes/dequantized_bytes.h"
#include "passes/elementwise.h"
#include "passes/match.h"
#include "passes/passes.h"

namespace cermet {
namespace {

using Bytes = DequantizedBytes;

constexpr int64_t fewest_channels_of_group = 8;  // of smaller ones floats are multiplied faster
constexpr int most_spatial = 3;                  // dimensions of an image
constexpr int longest_chain = 8;                 // of steps between scores and their softmax

class ByteProducts {
 public:
  ByteProducts(const Graph& graph, const CostOracle& costs)
      : graph_(graph), uses_(graph), costs_(costs) {}

  std::optional<Patch> at(NodeId id) const {
    const Node& node = graph_.node(id);
    if (node.epilogue || !node.domain.empty()) return std::nullopt;
    if (node.op == "Conv") return convolution(id);
    if (node.op == "MatMul" || node.op == "Gemm") return product(id);
    return std::nullopt;
  }

 private:
  // What a kernel can multiply: both of one kind, the left one computed, with one scale. Constant
  // weights have one scale or one for each result channel, which counts along `axis`.
  bool fit(const std::optional<Bytes>& left, const std::optional<Bytes>& right,
           int64_t axis) const {
    if (!left || !right || left->kind != right->kind) return false;
    const bool wanted =
        left->kind == ByteKind::float8 ? costs_.multiplies_float8() : costs_.multiplies_bytes();
    if (!wanted || left->axis || left->constant) return false;
    return !right->axis || (right->constant && *right->axis == axis);
  }

  std::optional<Patch> convolution(NodeId id) const {
    const Node& node = graph_.node(id);
    const auto x = dequantized_bytes(graph_, node.inputs[0]);
    const auto w = dequantized_bytes(graph_, node.inputs[1]);
    if (!fit(x, w, 0) || !w->constant || !graph_.type(node.outputs[0]).has_rank())
      return std::nullopt;
    if (!has_kernel(node, *w)) return std::nullopt;
    Patch patch(graph_);
    Node made = product_of(*x, "Conv");
    made.attributes = node.attributes;
    std::vector<int64_t> channels(static_cast<size_t>(graph_.type(node.inputs[1]).rank()) - 1, 1);
    channels[0] = -1;
    return scaled(std::move(patch), id, std::move(made), *x, *w, node.input(2), channels);
  }

  // Of integers in small groups those of one channel have one.
  bool has_kernel(const Node& node, const Bytes& weights) const {
    const Dims& sizes = *graph_.type(node.inputs[1]).dims;
    if (static_cast<int>(sizes.size()) > 2 + most_spatial || !sizes[0].is_constant() ||
        !sizes[1].is_constant())
      return false;
    const int64_t groups = node.attributes.integer("group", 1);
    if (groups == 1) return true;
    const int64_t least = std::min(sizes[1].constant(), sizes[0].constant() / groups);
    return least >= fewest_channels_of_group ||
           (weights.kind == ByteKind::integer && sizes[1].is_constant(1));
  }

  std::optional<Patch> product(NodeId id) const {
    const Node& node = graph_.node(id);
    const bool gemm = node.op == "Gemm";
    if (gemm &&
        (node.attributes.integer("transA", 0) != 0 || node.attributes.number("alpha", 1) != 1 ||
         (node.input(2) != no_value && node.attributes.number("beta", 1) != 1)))
      return std::nullopt;
    const bool turned = gemm && node.attributes.integer("transB", 0) != 0;
    const auto a = dequantized_bytes(graph_, node.inputs[0]);
    const auto b = dequantized_bytes(graph_, node.inputs[1]);
    const ValueType &result = graph_.type(node.outputs[0]), &right = graph_.type(node.inputs[1]);
    if (!result.has_rank() || result.rank() == 0 || !right.has_rank()) return std::nullopt;
    if (!fit(a, b, turned ? right.rank() - 2 : right.rank() - 1)) return std::nullopt;
    // Scales along the columns of several matrices have another shape than the sums.
    if (b->axis && right.rank() != 2) return std::nullopt;
    if (!b->constant && is_part_of_attention(node.outputs[0])) return std::nullopt;
    return scaled(Patch(graph_), id, product_of(*a, "MatMul"), *a, *b,
                  gemm ? node.input(2) : no_value, {}, turned);
  }

  // Scores whose softmax is multiplied in floats: all of it is one kernel, faster than two products
  // of which one is of bytes.
  bool is_part_of_attention(ValueId scores) const {
    for (int i = 0; i < longest_chain; ++i) {
      const NodeId id = uses_.sole_reading_node(scores);
      if (id == no_node) return false;
      const Node& node = graph_.node(id);
      scores = node.outputs[0];
      if (!node.is("Softmax")) {
        if (!elementwise_expression(graph_, node)) return false;
        continue;
      }
      const NodeId reader = uses_.sole_reading_node(scores);
      return reader != no_node && graph_.node(reader).is("MatMul");
    }
    return false;
  }

  // An operator without its inputs.
  static Node product_of(const Bytes& factor, std::string_view name) {
    Node node;
    const bool float8 = factor.kind == ByteKind::float8;
    node.op = std::string(name) + (float8 ? "Float8" : "Integer");
    if (float8) node.domain = "cermet";
    return node;
  }

  // The sums of `made`, which gets its inputs here, as floats in place of the result of node `id`.
  // `channels`: the shape that scales and bias have to have; empty: the one that they have.
  // `turned`: the right factor, of two dimensions.
  std::optional<Patch> scaled(Patch patch, NodeId id, Node made, const Bytes& left,
                              const Bytes& right, ValueId bias,
                              const std::vector<int64_t>& channels, bool turned = false) const {
    const Node& node = graph_.node(id);
    const ElementType type = graph_.type(node.outputs[0]).element;
    const auto as_float = [&](ValueId value, ElementType from) {
      return from == ElementType::float32 ? value : cast(patch, value, ElementType::float32);
    };
    const auto along_channels = [&](ValueId value, bool single) {
      return single || channels.empty() ? value : reshaped(patch, value, channels);
    };
    made.inputs = {left.moved(graph_, patch), right.moved(graph_, patch)};
    if (turned) made.inputs[1] = transposed(patch, made.inputs[1]);
    if (left.kind == ByteKind::integer)
      made.inputs.insert(made.inputs.end(), {left.zero, right.zero});
    ValueId result = patch.add(std::move(made));
    if (left.kind == ByteKind::integer) result = cast(patch, result, ElementType::float32);
    const ValueId scale = binary(patch, "Mul", as_float(left.scale, element(left.scale)),
                                 as_float(right.scale, element(right.scale)));
    result = binary(patch, "Mul", result, along_channels(scale, !right.axis));
    if (bias != no_value)
      result = binary(patch, "Add", result, along_channels(as_float(bias, type), false));
    if (type != ElementType::float32) result = cast(patch, result, type);
    patch.consume(id);
    for (const Bytes* factor : {&left, &right}) {
      patch.consume(factor->node);
      for (NodeId movement : factor->movements) patch.consume(movement);
    }
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

  static ValueId transposed(Patch& patch, ValueId matrix) {
    Node node;
    node.op = "Transpose";
    node.attributes.set("perm", std::vector<int64_t>{1, 0});
    node.inputs = {matrix};
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
  const Uses uses_;
  const CostOracle& costs_;
};

}  // namespace

std::vector<Patch> multiply_bytes(const Graph& graph, const CostOracle& costs) {
  std::vector<Patch> patches;
  if (!costs.multiplies_bytes() && !costs.multiplies_float8()) return patches;
  const ByteProducts products(graph, costs);
  for (NodeId id : graph.order())
    if (auto patch = products.at(id)) patches.push_back(std::move(*patch));
  return patches;
}

}  // namespace cermet
