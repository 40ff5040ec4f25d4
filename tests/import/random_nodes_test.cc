// Every operator with inputs and attributes drawn at random: it imports or is refused.
#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "import/onnx/importer.h"
#include "ops/import_rule.h"

namespace cermet {
namespace {

using onnx::OnnxAttribute;
using onnx::OnnxModel;
using onnx::OnnxNode;

constexpr int draws_per_operator = 300;

const std::vector<std::pair<std::string, ValueType>>& input_types() {
  static const Dim n = Dim::symbol("n");
  using E = ElementType;
  static const std::vector<std::pair<std::string, ValueType>> types{
      {"matrix", ValueType::tensor(E::float32, Dims{2, 3})},
      {"image", ValueType::tensor(E::float32, Dims{n, 3, 8, 8})},
      {"vector", ValueType::tensor(E::float32, Dims{3})},
      {"scalar", ValueType::tensor(E::float32, Dims{})},
      {"empty", ValueType::tensor(E::float32, Dims{0})},
      {"any_rank", ValueType::tensor(E::float32, std::nullopt)},
      {"half", ValueType::tensor(E::float16, Dims{n, 4})},
      {"integers", ValueType::tensor(E::int64, Dims{2})},
      {"integer", ValueType::tensor(E::int64, Dims{})},
      {"codes", ValueType::tensor(E::uint8, Dims{2, 3})},
      {"truth", ValueType::tensor(E::boolean, Dims{})},
      {"text", ValueType::tensor(E::string, Dims{2})},
      {"sequence", ValueType::sequence(ValueType::tensor(E::float32, Dims{n, 3}))},
      {"optional", ValueType::optional(ValueType::tensor(E::float32, Dims{n}))},
  };
  return types;
}

const std::vector<std::string>& attribute_names() {
  static const std::vector<std::string> names{"axis",
                                              "axes",
                                              "pads",
                                              "strides",
                                              "kernel_shape",
                                              "dilations",
                                              "perm",
                                              "to",
                                              "mode",
                                              "group",
                                              "num_heads",
                                              "block_size",
                                              "hidden_size",
                                              "direction",
                                              "shape",
                                              "split",
                                              "scales",
                                              "value",
                                              "k",
                                              "keepdims",
                                              "blocksize",
                                              "equation",
                                              "num_outputs",
                                              "p",
                                              "starts",
                                              "ends",
                                              "output_shape",
                                              "size",
                                              "dtype",
                                              "broadcast",
                                              "num_groups",
                                              "output_width",
                                              "output_height",
                                              "activations",
                                              "K",
                                              "N",
                                              "bits",
                                              "layout",
                                              "value_ints",
                                              "num_scan_inputs"};
  return names;
}

class Draw {
 public:
  explicit Draw(uint32_t seed) : random_(seed) {}

  size_t below(size_t count) { return random_() % count; }
  int64_t small() { return static_cast<int64_t>(below(9)) - 3; }
  int64_t integer() { return below(12) == 0 ? int64_t{1} << (20 + below(43)) : small(); }

  Attribute attribute() {
    switch (below(6)) {
      case 0:
        return 0.5 * static_cast<double>(small());
      case 1:
        return std::string(below(2) ? "linear" : "bidirectional");
      case 2:
        return Tensor::from(ElementType::float32, {2}, std::vector<float>{1, -2});
      case 3:
        return integer();
      default:
        std::vector<int64_t> list(below(6));
        for (int64_t& item : list) item = below(5) ? small() : integer();
        return list;
    }
  }

  OnnxNode node(std::string_view domain, std::string_view op) {
    OnnxNode node;
    node.domain = domain;
    node.op = op;
    for (size_t count = below(7); count > 0; --count)
      node.inputs.push_back(below(8) ? input_types()[below(input_types().size())].first
                                     : (below(2) ? "" : "three"));
    for (size_t count = 1 + below(3), i = 0; i < count; ++i)
      node.outputs.push_back(i > 0 && below(3) == 0 ? "" : fmt::format("y{}", i));
    for (size_t count = below(5); count > 0; --count)
      node.attributes.push_back(
          {attribute_names()[below(attribute_names().size())], attribute(), {}, {}, {}});
    return node;
  }

 private:
  std::mt19937 random_;
};

OnnxModel model_of(OnnxNode node, int opset) {
  OnnxModel model;
  model.ir_version = 8;
  model.opsets[""] = opset;
  model.opsets["ai.onnx.ml"] = model.opsets["com.microsoft"] = 1;
  for (const auto& [name, type] : input_types()) model.graph.inputs.push_back({name, type});
  model.graph.initializers.push_back(
      {"three", Tensor::from(ElementType::int64, {3}, std::vector<int64_t>{2, 0, 1})});
  model.graph.outputs.push_back({node.outputs[0], std::nullopt});
  model.graph.nodes.push_back(std::move(node));
  return model;
}

std::string text_of(const OnnxNode& node) {
  Attributes attributes;
  for (const OnnxAttribute& attribute : node.attributes)
    if (attribute.value) attributes.set(attribute.name, *attribute.value);
  return fmt::format("{}.{}({}) {}", node.domain, node.op, fmt::join(node.inputs, ", "),
                     attributes.to_string());
}

void import_or_refuse(std::string_view domain, std::string_view op, int opset, Draw& draw) {
  const OnnxNode node = draw.node(domain, op);
  SCOPED_TRACE(text_of(node));
  try {
    onnx::import_model(model_of(node, opset));
  } catch (const Error& error) {
    EXPECT_NE(error.code(), ErrorCode::internal) << error.message();
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
}

TEST(RandomNodes, OperatorsImportOrAreRefused) {
  Draw draw(7);
  for (const Operator* op : all_operators())
    for (int i = 0; i < draws_per_operator; ++i)
      import_or_refuse(op->domain, op->name, onnx::newest_opset, draw);
}

TEST(RandomNodes, OldOperatorsImportOrAreRefused) {
  Draw draw(8);
  for (const ImportRule* rule : all_import_rules())
    for (int i = 0; i < draws_per_operator; ++i)
      import_or_refuse(rule->domain, rule->op, rule->before > 1 ? rule->before - 1 : 13, draw);
}

}  // namespace
}  // namespace cermet
