// Import rules of convolutions, pools and resampling.
#include <algorithm>
#include <cmath>

#include "base/scalar.h"
#include "ops/import_rule.h"

namespace cermet {
namespace {

using Results = std::optional<std::vector<ValueId>>;

// The exponent of LpPool and GlobalLpPool was a float before version 2.
Results integral_exponent(RawNode& node, GraphBuilder&) {
  const Attribute* p = node.attributes.find("p");
  if (p == nullptr || std::holds_alternative<int64_t>(*p)) return std::nullopt;
  const double value = node.attributes.number("p");
  require(value == std::floor(value) && value >= 1 && value < 1e9, ErrorCode::unsupported,
          "{}: attribute p: expected a whole number of at least 1, got {}", node.op, value);
  node.attributes.set("p", static_cast<int64_t>(value));
  return std::nullopt;
}

Results without_half_pixel(RawNode& node, GraphBuilder&) {
  node.attributes.set("coordinate_transformation_mode", std::string("output_half_pixel"));
  return std::nullopt;
}

// "bilinear" and "bicubic" became "linear" and "cubic", for any number of dimensions.
Results rename_mode(RawNode& node, GraphBuilder&) {
  const std::string mode = node.attributes.text("mode", "linear");
  if (mode == "bilinear") node.attributes.set("mode", std::string("linear"));
  if (mode == "bicubic") node.attributes.set("mode", std::string("cubic"));
  return std::nullopt;
}

Results contrib_grid_sample(RawNode& node, GraphBuilder& builder) {
  node.domain.clear();
  return rename_mode(node, builder);
}

// Empty tensors stood for absent inputs.
Results drop_empty_inputs(RawNode& node, GraphBuilder& builder) {
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == no_value) continue;
    const ValueType& type = builder.type(node.inputs[i]);
    if (type.has_rank() && type.rank() == 1 && (*type.dims)[0].is_constant(0))
      node.inputs[i] = no_value;
  }
  return std::nullopt;
}

ValueId float_list(GraphBuilder& builder, const std::vector<double>& values) {
  const std::vector<float> floats(values.begin(), values.end());
  return builder.constant(
      Tensor::from(ElementType::float32, {static_cast<int64_t>(floats.size())}, floats));
}

// Before version 11 the grid began at the first elements and what "nearest" means depended on
// whether a dimension grows or shrinks.
std::string old_nearest_mode(const GraphBuilder& builder, ValueId scales) {
  const Tensor* known = builder.known_constant(scales);
  if (known == nullptr) return "floor_up_ceil_down";
  const std::vector<double> values = load_all<double>(known->view());
  const auto grows = [](double scale) { return scale >= 1; };
  if (std::all_of(values.begin(), values.end(), grows)) return "floor";
  if (std::none_of(values.begin(), values.end(), [](double scale) { return scale > 1; }))
    return "ceil";
  return "floor_up_ceil_down";
}

// A node with inputs X and scales becomes Resize of newest meaning.
Results resize_by_scales(RawNode& node, GraphBuilder& builder) {
  const ValueId scales = node.input(1);
  std::string mode = node.attributes.text("mode", "nearest");
  if (mode == "bilinear") mode = "linear";
  Attributes attributes;
  attributes.set("mode", mode);
  attributes.set("coordinate_transformation_mode", std::string("asymmetric"));
  if (mode == "nearest") attributes.set("nearest_mode", old_nearest_mode(builder, scales));
  node.op = "Resize";
  node.inputs = {node.input(0), no_value, scales};
  node.attributes = std::move(attributes);
  return std::nullopt;
}

Results upsample_plane(RawNode& node, GraphBuilder&) {
  if (node.attributes.has("scales")) return std::nullopt;
  const double height = node.attributes.number("height_scale");
  const double width = node.attributes.number("width_scale");
  node.attributes.set("scales", std::vector<double>{1, 1, height, width});
  return std::nullopt;
}

Results upsample_scales(RawNode& node, GraphBuilder& builder) {
  if (!node.attributes.has("scales")) return std::nullopt;
  node.inputs.resize(2, no_value);
  node.inputs[1] = float_list(builder, node.attributes.numbers("scales"));
  return std::nullopt;
}

// The activation that a fused convolution ends with, on a value of type `element`.
ValueId add_activation(GraphBuilder& builder, ValueId value, const std::string& name,
                       const std::vector<double>& parameters) {
  const auto parameter = [&](size_t i, double otherwise) {
    return i < parameters.size() ? parameters[i] : otherwise;
  };
  Attributes attributes;
  if (name == "Relu" || name == "Tanh" || name == "Sigmoid") return builder.add(name, {value});
  if (name == "LeakyRelu") {
    attributes.set("alpha", parameter(0, 0.01));
    return builder.add(name, {value}, std::move(attributes));
  }
  if (name == "HardSigmoid") {
    attributes.set("alpha", parameter(0, 0.2));
    attributes.set("beta", parameter(1, 0.5));
    return builder.add(name, {value}, std::move(attributes));
  }
  if (name == "Clip") {
    require(parameters.size() == 2, ErrorCode::invalid_model,
            "attribute activation_params: expected 2 numbers for Clip, got {}", parameters.size());
    const ElementType element = builder.element(value);
    return builder.add("Clip", {value, builder.scalar(element, parameters[0]),
                                builder.scalar(element, parameters[1])});
  }
  fail(ErrorCode::unsupported,
       "attribute activation: expected Relu, Tanh, Sigmoid, LeakyRelu, HardSigmoid or Clip, got "
       "\"{}\"",
       name);
}

// y = activation(conv(x, w) + b + z).
Results expand_fused_conv(RawNode& node, GraphBuilder& builder) {
  const std::string activation = node.attributes.text("activation", "");
  const std::vector<double> parameters = node.attributes.numbers("activation_params");
  node.attributes.erase("activation");
  node.attributes.erase("activation_params");
  std::vector<ValueId> inputs{node.input(0), node.input(1)};
  if (node.input(2) != no_value) inputs.push_back(node.input(2));
  ValueId y = builder.add("Conv", std::move(inputs), node.attributes);
  if (node.input(3) != no_value) y = builder.add("Add", {y, node.input(3)});
  if (!activation.empty()) y = add_activation(builder, y, activation, parameters);
  return std::vector<ValueId>{y};
}

}  // namespace

std::span<const ImportRule> convolution_import_rules() {
  static constexpr ImportRule rules[] = {
      {"LpPool", 2, integral_exponent},
      {"GlobalLpPool", 2, integral_exponent},
      {"RoiAlign", 16, without_half_pixel},
      {"GridSample", 20, rename_mode},
      {"GridSample", 0, contrib_grid_sample, "com.microsoft"},
      {"Upsample", 7, upsample_plane},
      {"Upsample", 9, upsample_scales},
      {"Upsample", 0, resize_by_scales},
      {"Resize", 11, resize_by_scales},
      {"Resize", 13, drop_empty_inputs},
      {"FusedConv", 0, expand_fused_conv, "com.microsoft"},
  };
  return rules;
}

}  // namespace cermet
