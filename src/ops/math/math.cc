// How elementwise operators of earlier versions, and those of com.microsoft, become the newest
// ones.
#include <array>
#include <numeric>

#include "ops/math/dropout_import.h"
#include "ops/raw_input.h"

namespace cermet {
namespace {

using Rewritten = std::optional<std::vector<ValueId>>;

// A hint about reusing memory, which says nothing about the result.
Rewritten drop_consumed_inputs(RawNode& node, GraphBuilder&) {
  node.attributes.erase("consumed_inputs");
  return std::nullopt;
}

int known_rank(const RawNode& node, const GraphBuilder& builder, size_t input) {
  const ValueType& type = builder.type(required_input(node, input));
  require(type.has_rank(), ErrorCode::unsupported,
          "{} of opset {}: input {}: expected a known rank, got {}", node.op, node.version, input,
          type.to_string());
  return type.rank();
}

// `count` dimensions of size 1 behind those that the value has.
ValueId append_dimensions(GraphBuilder& builder, ValueId value, int rank, int count) {
  if (count <= 0) return value;
  std::vector<int64_t> axes(static_cast<size_t>(count));
  std::iota(axes.begin(), axes.end(), rank);
  return builder.add("Unsqueeze", {value, builder.integers(axes)});
}

// Before version 7 the second operand's dimensions began at `axis` of the first one's; without it
// they ended together, as they do now.
Rewritten broadcast_from_axis(RawNode& node, GraphBuilder& builder) {
  node.attributes.erase("consumed_inputs");
  if (node.attributes.integer("broadcast", 0) != 0 && node.attributes.has("axis")) {
    const int rank = known_rank(node, builder, 0);
    const int other = known_rank(node, builder, 1);
    int64_t axis = node.attributes.integer("axis");
    if (axis < 0) axis += rank;
    require(axis >= 0 && axis + other <= rank, ErrorCode::invalid_model,
            "{}: axis: {} dimensions do not fit into {} from axis {} on", node.op, other, rank,
            axis);
    node.inputs[1] =
        append_dimensions(builder, node.inputs[1], other, rank - other - static_cast<int>(axis));
  }
  node.attributes.erase("axis");
  node.attributes.erase("broadcast");
  return std::nullopt;
}

// The slope belonged to channels, dimension 1.
Rewritten channel_slope(RawNode& node, GraphBuilder& builder) {
  node.attributes.erase("consumed_inputs");
  const int slopes = known_rank(node, builder, 1);
  if (slopes == 1 && !(*builder.type(required_input(node, 1)).dims)[0].is_constant(1))
    node.inputs[1] =
        append_dimensions(builder, node.inputs[1], 1, known_rank(node, builder, 0) - 2);
  return std::nullopt;
}

Rewritten bounds_to_inputs(RawNode& node, GraphBuilder& builder) {
  const ElementType type = builder.element(required_input(node, 0));
  node.inputs.resize(3, no_value);
  for (const auto& [name, input] : {std::pair("min", 1), std::pair("max", 2)}) {
    if (!node.attributes.has(name)) continue;
    node.inputs[input] = builder.scalar(type, node.attributes.number(name));
    node.attributes.erase(name);
  }
  return drop_consumed_inputs(node, builder);
}

// The constants were shorter.
Rewritten first_selu(RawNode& node, GraphBuilder& builder) {
  if (!node.attributes.has("alpha")) node.attributes.set("alpha", 1.6732000112533569);
  if (!node.attributes.has("gamma")) node.attributes.set("gamma", 1.0506999492645264);
  return drop_consumed_inputs(node, builder);
}

// The element type was named as in TensorProto.
Rewritten type_by_name(RawNode& node, GraphBuilder&) {
  constexpr std::array<std::pair<std::string_view, ElementType>, 13> types{{
      {"FLOAT", ElementType::float32},
      {"UINT8", ElementType::uint8},
      {"INT8", ElementType::int8},
      {"UINT16", ElementType::uint16},
      {"INT16", ElementType::int16},
      {"INT32", ElementType::int32},
      {"INT64", ElementType::int64},
      {"STRING", ElementType::string},
      {"BOOL", ElementType::boolean},
      {"FLOAT16", ElementType::float16},
      {"DOUBLE", ElementType::float64},
      {"UINT32", ElementType::uint32},
      {"UINT64", ElementType::uint64},
  }};
  const Attribute* to = node.attributes.find("to");
  if (to == nullptr || !std::holds_alternative<std::string>(*to)) return std::nullopt;
  const std::string wanted = std::get<std::string>(*to);
  for (const auto& [name, type] : types) {
    if (name != wanted) continue;
    node.attributes.set("to", static_cast<int64_t>(type));
    return std::nullopt;
  }
  fail(ErrorCode::invalid_model, "Cast: to: there is no element type \"{}\"", wanted);
}

Rewritten cast_like(RawNode& node, GraphBuilder& builder) {
  const ElementType type = builder.element(required_input(node, 1));
  require(type != ElementType::undefined, ErrorCode::unsupported,
          "CastLike: the element type of the second input is unknown");
  node.op = "Cast";
  node.inputs.resize(1);
  node.attributes.set("to", static_cast<int64_t>(type));
  return std::nullopt;
}

// com.microsoft

Rewritten gelu(RawNode& node, GraphBuilder& builder) {
  return std::vector{builder.add("Gelu", {required_input(node, 0)})};
}

ValueId with_bias(const RawNode& node, GraphBuilder& builder) {
  if (node.input(1) == no_value) return required_input(node, 0);
  return builder.add("Add", {required_input(node, 0), node.input(1)});
}

Rewritten bias_gelu(RawNode& node, GraphBuilder& builder) {
  return std::vector{builder.add("Gelu", {with_bias(node, builder)})};
}

Rewritten fast_gelu(RawNode& node, GraphBuilder& builder) {
  Attributes attributes;
  attributes.set("approximate", std::string("tanh"));
  return std::vector{builder.add("Gelu", {with_bias(node, builder)}, std::move(attributes))};
}

Rewritten quick_gelu(RawNode& node, GraphBuilder& builder) {
  Attributes attributes;
  attributes.set("alpha", node.attributes.number("alpha", 1.702f));
  return std::vector{builder.add("Swish", {required_input(node, 0)}, std::move(attributes))};
}

constexpr std::string_view microsoft = "com.microsoft";

}  // namespace

std::span<const ImportRule> math_import_rules() {
  static constexpr std::array rules{
      ImportRule{"Abs", 6, drop_consumed_inputs},
      ImportRule{"Add", 7, broadcast_from_axis},
      ImportRule{"And", 7, broadcast_from_axis},
      ImportRule{"Cast", 6, type_by_name},
      ImportRule{"CastLike", 0, cast_like},
      ImportRule{"Ceil", 6, drop_consumed_inputs},
      ImportRule{"Clip", 11, bounds_to_inputs},
      ImportRule{"Div", 7, broadcast_from_axis},
      ImportRule{"Dropout", 12, import_old_dropout},
      ImportRule{"Dropout", 0, import_dropout},
      ImportRule{"Elu", 6, drop_consumed_inputs},
      ImportRule{"Equal", 7, broadcast_from_axis},
      ImportRule{"Exp", 6, drop_consumed_inputs},
      ImportRule{"Floor", 6, drop_consumed_inputs},
      ImportRule{"Greater", 7, broadcast_from_axis},
      ImportRule{"HardSigmoid", 6, drop_consumed_inputs},
      ImportRule{"LeakyRelu", 6, drop_consumed_inputs},
      ImportRule{"Less", 7, broadcast_from_axis},
      ImportRule{"Log", 6, drop_consumed_inputs},
      ImportRule{"Max", 6, drop_consumed_inputs},
      ImportRule{"Mean", 6, drop_consumed_inputs},
      ImportRule{"Min", 6, drop_consumed_inputs},
      ImportRule{"Mul", 7, broadcast_from_axis},
      ImportRule{"Neg", 6, drop_consumed_inputs},
      ImportRule{"Or", 7, broadcast_from_axis},
      ImportRule{"PRelu", 7, channel_slope},
      ImportRule{"Pow", 7, broadcast_from_axis},
      ImportRule{"Reciprocal", 6, drop_consumed_inputs},
      ImportRule{"Relu", 6, drop_consumed_inputs},
      ImportRule{"Selu", 6, first_selu},
      ImportRule{"Sigmoid", 6, drop_consumed_inputs},
      ImportRule{"Sqrt", 6, drop_consumed_inputs},
      ImportRule{"Sub", 7, broadcast_from_axis},
      ImportRule{"Sum", 6, drop_consumed_inputs},
      ImportRule{"Tanh", 6, drop_consumed_inputs},
      ImportRule{"Xor", 7, broadcast_from_axis},
      ImportRule{"BiasGelu", 0, bias_gelu, microsoft},
      ImportRule{"FastGelu", 0, fast_gelu, microsoft},
      ImportRule{"Gelu", 0, gelu, microsoft},
      ImportRule{"QuickGelu", 0, quick_gelu, microsoft},
  };
  return rules;
}

}  // namespace cermet
