#include "passes/dequantized_bytes.h"

#include <algorithm>
#include <array>

#include "base/scalar.h"
#include "passes/match.h"

namespace cermet {
namespace {

std::optional<ByteKind> kind_of(ElementType type) {
  switch (type) {
    case ElementType::int8:
    case ElementType::uint8:
      return ByteKind::integer;
    case ElementType::float8e4m3fn:
    case ElementType::float8e5m2:
      return ByteKind::float8;
    default:
      return std::nullopt;
  }
}

bool moves_elements(const Node& node) {
  static constexpr std::array<std::string_view, 5> names{"Transpose", "Reshape", "Squeeze",
                                                         "Unsqueeze", "Flatten"};
  return node.domain.empty() && std::find(names.begin(), names.end(), node.op) != names.end();
}

// Constants, and what QuantizeLinear makes of them, which will be one.
bool is_constant(const Graph& graph, ValueId id) {
  if (constant_of(graph, id) != nullptr) return true;
  const Node* node = graph.producer(id);
  return node != nullptr && node->is("QuantizeLinear") &&
         std::all_of(node->inputs.begin(), node->inputs.end(), [&](ValueId input) {
           return input == no_value || constant_of(graph, input) != nullptr;
         });
}

bool is_zero(const Tensor* constant) {
  if (constant == nullptr) return false;
  const auto numbers = load_all<double>(constant->view());
  return std::all_of(numbers.begin(), numbers.end(), [](double number) { return number == 0; });
}

bool is_single(const ValueType& type) {
  return std::all_of(type.dims->begin(), type.dims->end(),
                     [](const Dim& size) { return size.is_constant(1); });
}

// Where the movements put the axis of the dequantised values; nothing where one is no Transpose.
std::optional<int64_t> moved_axis(const Graph& graph, const std::vector<NodeId>& movements,
                                  int64_t axis) {
  for (size_t i = movements.size(); i-- > 0;) {
    const Node& node = graph.node(movements[i]);
    const auto order = node.op == "Transpose" ? permutation_of(graph, node) : std::nullopt;
    if (!order) return std::nullopt;
    axis = std::find(order->begin(), order->end(), axis) - order->begin();
  }
  return axis;
}

// The scales are one, or numbers along an axis that stays one.
bool find_axis(const Graph& graph, const Node& node, DequantizedBytes& bytes) {
  const ValueType &values = graph.type(bytes.values), &scale = graph.type(bytes.scale);
  if (!values.has_rank() || !scale.has_rank()) return false;
  if (is_single(scale)) return true;
  if (scale.rank() != 1) return false;
  const int64_t axis = node.attributes.integer("axis", 1);
  bytes.axis = moved_axis(graph, bytes.movements, axis < 0 ? axis + values.rank() : axis);
  return bytes.axis.has_value();
}

}  // namespace

std::optional<DequantizedBytes> dequantized_bytes(const Graph& graph, ValueId factor) {
  DequantizedBytes bytes;
  bytes.node = graph.value(factor).producer;
  while (bytes.node != no_node && moves_elements(graph.node(bytes.node))) {
    bytes.movements.push_back(bytes.node);
    bytes.node = graph.value(graph.node(bytes.node).inputs[0]).producer;
  }
  if (bytes.node == no_node) return std::nullopt;
  const Node& node = graph.node(bytes.node);
  if (!node.is("DequantizeLinear") || node.attributes.integer("block_size", 0) != 0)
    return std::nullopt;
  const auto kind = kind_of(graph.type(node.inputs[0]).element);
  if (!kind) return std::nullopt;
  bytes.kind = *kind;
  bytes.values = node.inputs[0];
  bytes.scale = node.inputs[1];
  bytes.zero = node.input(2);
  if (!find_axis(graph, node, bytes)) return std::nullopt;
  bytes.constant = is_constant(graph, bytes.values);
  if (bytes.constant && bytes.zero != no_value && constant_of(graph, bytes.zero) == nullptr)
    return std::nullopt;
  if (bytes.kind == ByteKind::integer || bytes.zero == no_value) return bytes;
  if (!is_zero(constant_of(graph, bytes.zero))) return std::nullopt;
  bytes.zero = no_value;
  return bytes;
}

ValueId DequantizedBytes::moved(const Graph& graph, Patch& patch) const {
  ValueId value = values;
  for (size_t i = movements.size(); i-- > 0;) {
    Node copy = graph.node(movements[i]);
    copy.inputs[0] = value;
    value = patch.add_copy(std::move(copy))[0];
  }
  return value;
}

}  // namespace cermet
