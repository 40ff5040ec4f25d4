// How normalisations of earlier versions, and those of com.microsoft, become the newest ones.
#include <algorithm>
#include <array>

#include "base/error.h"
#include "ops/raw_input.h"

namespace cermet {
namespace {

using Rewritten = std::optional<std::vector<ValueId>>;

bool wants(const RawNode& node, size_t output) {
  return output < node.wanted.size() && node.wanted[output];
}

void refuse_outputs(const RawNode& node, size_t from) {
  for (size_t i = from; i < node.wanted.size(); ++i)
    require(!wants(node, i), ErrorCode::unsupported,
            "{}: output {} is for training only and is "
            "not computed; leave it out of the model",
            node.op, i);
}

Attributes layer_attributes(const RawNode& node, double epsilon) {
  Attributes attributes;
  attributes.set("axis", node.attributes.integer("axis", -1));
  attributes.set("epsilon", node.attributes.number("epsilon", epsilon));
  return attributes;
}

// Statistics for each element rather than each channel: the formula on broadcast tensors.
Rewritten batch_by_element(const RawNode& node, GraphBuilder& builder) {
  const ElementType type = builder.element(node.input(0));
  const ValueId epsilon = builder.scalar(type, node.attributes.number("epsilon", 1e-5));
  const ValueId centred = builder.add("Sub", {node.input(0), node.input(3)});
  const ValueId deviation = builder.add("Sqrt", {builder.add("Add", {node.input(4), epsilon})});
  const ValueId normal = builder.add("Div", {centred, deviation});
  const ValueId scaled = builder.add("Mul", {normal, node.input(1)});
  return std::vector{builder.add("Add", {scaled, node.input(2)})};
}

// Training was told by is_test, later by the outputs that are there, before it got an attribute.
Rewritten old_batch(RawNode& node, GraphBuilder& builder) {
  refuse_outputs(node, 3);
  bool training = wants(node, 1) || wants(node, 2);
  if (node.version < 7) training = node.attributes.integer("is_test", 0) == 0;
  if (node.version < 9 && node.attributes.integer("spatial", 1) == 0) {
    require(!training, ErrorCode::unsupported,
            "BatchNormalization: training with spatial = 0 is not supported");
    return batch_by_element(node, builder);
  }
  for (const char* gone : {"is_test", "spatial", "consumed_inputs"}) node.attributes.erase(gone);
  node.attributes.set("training_mode", int64_t{training});
  node.output_count = std::min<size_t>(node.output_count, training ? 3 : 1);
  return std::nullopt;
}

Rewritten old_instance(RawNode& node, GraphBuilder&) {
  node.attributes.erase("consumed_inputs");
  return std::nullopt;
}

// Scale and bias were given for each group: repeated for its channels, whose number an input of
// unknown shape tells only at run time.
Rewritten group_parameters(RawNode& node, GraphBuilder& builder) {
  const int64_t groups = node.attributes.integer("num_groups");
  require(groups > 0, ErrorCode::invalid_model,
          "GroupNormalization: num_groups: expected a positive number, got {}", groups);
  Attributes channel;
  channel.set("start", int64_t{1});
  channel.set("end", int64_t{2});
  Attributes along;
  along.set("axis", int64_t{0});
  const ValueId channels = builder.add("Shape", {node.input(0)}, channel);
  const ValueId each = builder.add("Div", {channels, builder.integers({groups})});
  const ValueId repeated = builder.add("Concat", {builder.integers({groups}), each}, along);
  for (size_t i = 1; i < 3; ++i) {
    const ValueId column =
        builder.add("Reshape", {required_input(node, i), builder.integers({groups, 1})});
    const ValueId expanded = builder.add("Expand", {column, repeated});
    node.inputs[i] = builder.add("Reshape", {expanded, builder.integers({-1})});
  }
  return std::nullopt;
}

Rewritten simplified_layer(RawNode& node, GraphBuilder& builder) {
  refuse_outputs(node, 1);
  return std::vector{builder.add("RMSNormalization", {node.input(0), node.input(1)},
                                 layer_attributes(node, 1e-5))};
}

ValueId add_skip(const RawNode& node, GraphBuilder& builder, size_t bias) {
  const ValueId sum = builder.add("Add", {node.input(0), node.input(1)});
  return node.input(bias) == no_value ? sum : builder.add("Add", {sum, node.input(bias)});
}

// input, skip, gamma, beta, bias -> output, mean, inverse deviation, sum
Rewritten skip_layer(RawNode& node, GraphBuilder& builder) {
  const ValueId sum = add_skip(node, builder, 4);
  const std::vector<ValueId> normal =
      builder.add_all("LayerNormalization", {sum, node.input(2), node.input(3)},
                      wants(node, 1) || wants(node, 2) ? 3 : 1, layer_attributes(node, 1e-12));
  std::vector<ValueId> outputs(4, no_value);
  std::copy(normal.begin(), normal.end(), outputs.begin());
  outputs[3] = sum;
  outputs.resize(node.output_count);
  return outputs;
}

// input, skip, gamma, bias -> output, -, -, sum
Rewritten skip_simplified_layer(RawNode& node, GraphBuilder& builder) {
  require(!wants(node, 1) && !wants(node, 2), ErrorCode::unsupported,
          "{}: mean and inverse deviation are for training only and are not computed", node.op);
  const ValueId sum = add_skip(node, builder, 3);
  const ValueId normal =
      builder.add("RMSNormalization", {sum, node.input(2)}, layer_attributes(node, 1e-5));
  std::vector<ValueId> outputs{normal, no_value, no_value, sum};
  outputs.resize(node.output_count);
  return outputs;
}

// The sizes of the ids: [batch, length]; one of them, as a vector of one.
ValueId id_size(GraphBuilder& builder, ValueId ids, int64_t dimension) {
  Attributes which;
  which.set("start", dimension);
  which.set("end", dimension + 1);
  return builder.add("Shape", {ids}, which);
}

// The number of tokens of each sequence, from its mask.
ValueId mask_lengths(GraphBuilder& builder, ValueId ids, ValueId mask) {
  if (mask == no_value) {
    Attributes zero;
    zero.set("value", Tensor(ElementType::int32, {1}));
    return builder.add("ConstantOfShape", {id_size(builder, ids, 0)}, zero);
  }
  Attributes drop;
  drop.set("keepdims", int64_t{0});
  return builder.add("ReduceSum", {builder.cast(mask, ElementType::int32), builder.integers({1})},
                     drop);
}

// ids, segments, word table, position table, segment table, gamma, beta, mask, positions
//   -> output, mask lengths, sum of the embeddings
Rewritten embed_layer(RawNode& node, GraphBuilder& builder) {
  const ValueId ids = node.input(0);
  ValueId positions = node.input(8);
  if (positions == no_value) {
    const ValueId length =
        builder.add("Squeeze", {id_size(builder, ids, 1), builder.integers({0})});
    positions = builder.add("Range", {builder.integer(0), length, builder.integer(1)});
  }
  ValueId sum = builder.add("Gather", {node.input(2), ids});
  sum = builder.add("Add", {sum, builder.add("Gather", {node.input(3), positions})});
  if (node.input(1) != no_value && node.input(4) != no_value)
    sum = builder.add("Add", {sum, builder.add("Gather", {node.input(4), node.input(1)})});
  const ValueId normal = builder.add("LayerNormalization", {sum, node.input(5), node.input(6)},
                                     layer_attributes(node, 1e-12));
  std::vector<ValueId> outputs{normal, no_value, sum};
  if (wants(node, 1)) outputs[1] = mask_lengths(builder, ids, node.input(7));
  outputs.resize(node.output_count);
  return outputs;
}

constexpr std::string_view microsoft = "com.microsoft";

}  // namespace

std::span<const ImportRule> normalization_import_rules() {
  static constexpr std::array rules{
      ImportRule{"BatchNormalization", 14, old_batch},
      ImportRule{"InstanceNormalization", 6, old_instance},
      ImportRule{"GroupNormalization", 21, group_parameters},
      ImportRule{"SimplifiedLayerNormalization", 0, simplified_layer},
      ImportRule{"SimplifiedLayerNormalization", 0, simplified_layer, microsoft},
      ImportRule{"SkipLayerNormalization", 0, skip_layer, microsoft},
      ImportRule{"SkipSimplifiedLayerNormalization", 0, skip_simplified_layer, microsoft},
      ImportRule{"EmbedLayerNormalization", 0, embed_layer, microsoft},
  };
  return rules;
}

}  // namespace cermet
