#include "base/scalar.h"
#include "ops/raw_input.h"

namespace cermet {
namespace {

using Outputs = std::optional<std::vector<ValueId>>;

constexpr std::string_view microsoft = "com.microsoft";

// An integer tensor of any type and shape as int64[n].
ValueId as_integers(GraphBuilder& builder, ValueId value) {
  if (const auto known = builder.known_integers(value)) return builder.integers(*known);
  return builder.add("Reshape", {builder.cast(value, ElementType::int64), builder.integers({-1})});
}

// The operator of the same name, or another one, in ONNX's own domain.
Outputs rename(RawNode& node, std::string_view op) {
  node.op = op;
  node.domain.clear();
  return std::nullopt;
}

Outputs import_reshape_1(RawNode& node, GraphBuilder& builder) {
  node.attributes.erase("consumed_inputs");
  return attribute_to_input(node, builder, "shape", 1);
}

Outputs import_axes(RawNode& node, GraphBuilder& builder) {
  return attribute_to_input(node, builder, "axes", 1);
}

// Tile repeated one dimension, named by an input.
Outputs import_tile_1(RawNode& node, GraphBuilder& builder) {
  const Tensor* constant =
      node.input(2) == no_value ? nullptr : builder.known_constant(node.input(2));
  const ValueType type = builder.type(node.input(0));
  const int64_t axis =
      constant && constant->elements() == 1 ? load_element<int64_t>(constant->view(), 0) : -1;
  require(type.has_rank() && axis >= 0 && axis < type.rank(), ErrorCode::unsupported,
          "Tile before version 6 with a dimension that is not a constant inside {}",
          type.to_string());
  const ValueId repeats = builder.add(
      "Reshape", {builder.cast(node.input(1), ElementType::int64), builder.integers({1})});
  Attributes attributes;
  attributes.set("axis", int64_t{0});
  const std::vector<int64_t> left(axis, 1);
  const std::vector<int64_t> right(type.rank() - axis - 1, 1);
  node.inputs = {node.input(0),
                 builder.add("Concat", {builder.integers(left), repeats, builder.integers(right)},
                             attributes)};
  return std::nullopt;
}

Outputs import_concat_1(RawNode& node, GraphBuilder&) {
  if (!node.attributes.has("axis")) node.attributes.set("axis", int64_t{1});
  return std::nullopt;
}

// Sizes came as a tensor of the input's type.
Outputs import_split_1(RawNode& node, GraphBuilder& builder) {
  if (node.input(1) != no_value) node.inputs[1] = builder.cast(node.inputs[1], ElementType::int64);
  return std::nullopt;
}

Outputs import_split_12(RawNode& node, GraphBuilder& builder) {
  return attribute_to_input(node, builder, "split", 1);
}

Outputs import_split_17(RawNode& node, GraphBuilder&) {
  if (node.input(1) == no_value)
    node.attributes.set("num_outputs", static_cast<int64_t>(node.output_count));
  return std::nullopt;
}

Outputs import_slice_9(RawNode& node, GraphBuilder& builder) {
  attribute_to_input(node, builder, "starts", 1);
  attribute_to_input(node, builder, "ends", 2);
  return attribute_to_input(node, builder, "axes", 3);
}

Outputs import_scatter(RawNode& node, GraphBuilder&) { return rename(node, "ScatterElements"); }

Outputs import_pad_1(RawNode& node, GraphBuilder&) {
  if (!node.attributes.has("paddings")) return std::nullopt;
  node.attributes.set("pads", node.attributes.integers("paddings"));
  node.attributes.erase("paddings");
  return std::nullopt;
}

Outputs import_pad_10(RawNode& node, GraphBuilder& builder) {
  attribute_to_input(node, builder, "pads", 1);
  const double value = node.attributes.number("value", 0.0);
  node.attributes.erase("value");
  if (value == 0) return std::nullopt;
  node.inputs.resize(3, no_value);
  node.inputs[2] = builder.scalar(builder.element(node.input(0)), value);
  return std::nullopt;
}

Outputs import_expand_dims(RawNode& node, GraphBuilder& builder) {
  node.inputs[1] = as_integers(builder, required_input(node, 1));
  return rename(node, "Unsqueeze");
}

// Pads may be a matrix of one row.
Outputs import_microsoft_pad(RawNode& node, GraphBuilder& builder) {
  node.inputs[1] = as_integers(builder, required_input(node, 1));
  return rename(node, "Pad");
}

// (values, indices into them, counts), in the order of first occurrence.
Outputs import_microsoft_unique(RawNode& node, GraphBuilder& builder) {
  Attributes attributes;
  attributes.set("sorted", int64_t{0});
  const auto all = builder.add_all("Unique", {node.input(0)}, 4, attributes);
  std::vector<ValueId> outputs = {all[0], all[2], all[3]};
  outputs.resize(std::min<size_t>(node.output_count, 3));
  return outputs;
}

// The padding index matters for gradients alone.
Outputs import_torch_embedding(RawNode& node, GraphBuilder&) {
  node.inputs.resize(2, no_value);
  return rename(node, "Gather");
}

Outputs import_microsoft_same(RawNode& node, GraphBuilder&) {
  return rename(node, std::string(node.op));
}

}  // namespace

std::span<const ImportRule> movement_import_rules() {
  static constexpr ImportRule rules[] = {
      {"Concat", 4, import_concat_1},
      {"Pad", 2, import_pad_1},
      {"Pad", 11, import_pad_10},
      {"Reshape", 5, import_reshape_1},
      {"Scatter", 0, import_scatter},
      {"Slice", 10, import_slice_9},
      {"Split", 2, import_split_1},
      {"Split", 13, import_split_12},
      {"Split", 18, import_split_17},
      {"Squeeze", 13, import_axes},
      {"Tile", 6, import_tile_1},
      {"Unsqueeze", 13, import_axes},
      {"ExpandDims", 0, import_expand_dims, microsoft},
      {"GatherND", 0, import_microsoft_same, microsoft},
      {"Pad", 0, import_microsoft_pad, microsoft},
      {"TorchEmbedding", 0, import_torch_embedding, microsoft},
      {"Trilu", 0, import_microsoft_same, microsoft},
      {"Unique", 0, import_microsoft_unique, microsoft},
  };
  return rules;
}

}  // namespace cermet
