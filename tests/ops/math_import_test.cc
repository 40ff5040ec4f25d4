// Import rules of the elementwise, quantised and text families.
#include "ops/import_rule.h"
#include "tests/ops/operator_case.h"

namespace cermet::testing {
namespace {

class Import : public ::testing::Test {
 protected:
  ValueId input(ElementType type, Dims dims) {
    return graph_.add_input("x", ValueType::tensor(type, std::move(dims)));
  }
  ValueId reals_of(Dims dims) { return input(ElementType::float32, std::move(dims)); }
  ValueId constant(Tensor tensor) { return graph_.add_constant("c", std::move(tensor)); }

  // Imports one node and returns the type of its first result.
  std::string import(std::string_view op, int version, std::vector<ValueId> inputs,
                     Attributes attributes = {}, std::string_view domain = "", size_t outputs = 1) {
    GraphBuilder builder(graph_, Origin{{"node"}});
    RawNode node;
    node.domain = domain;
    node.op = op;
    node.name = "node";
    node.version = version;
    node.inputs = std::move(inputs);
    node.output_count = outputs;
    node.wanted.assign(outputs, true);
    node.attributes = std::move(attributes);
    for (const ImportRule* rule : find_import_rules(domain, op, version))
      if (auto made = rule->import(node, builder)) {
        results_ = *made;
        return builder.type(results_[0]).to_string();
      }
    Node result;
    result.domain = node.domain;
    result.op = node.op;
    result.inputs = node.inputs;
    result.attributes = node.attributes;
    results_ = builder.add_node(std::move(result), outputs);
    return builder.type(results_[0]).to_string();
  }

  // "Unsqueeze Add": the nodes of the graph in order.
  std::string ops() const {
    std::string text;
    for (const NodeId id : graph_.order()) text += (text.empty() ? "" : " ") + graph_.node(id).op;
    return text;
  }
  const Node& last() const { return graph_.node(graph_.order().back()); }

  Graph graph_;
  std::vector<ValueId> results_;
};

TEST_F(Import, OldBroadcastingBeginsAtAnAxis) {
  EXPECT_EQ(import("Add", 6, {reals_of({2, 3, 4}), reals_of({3})},
                   with({{"broadcast", int64_t{1}}, {"axis", int64_t{1}}})),
            "float32[2, 3, 4]");
  EXPECT_EQ(ops(), "Unsqueeze Add");
  EXPECT_FALSE(last().attributes.has("axis"));
  EXPECT_THROW(import("Mul", 6, {reals_of({2, 3}), reals_of({3})},
                      with({{"broadcast", int64_t{1}}, {"axis", int64_t{2}}})),
               Error);
}

TEST_F(Import, OldSlopesBelongToChannels) {
  import("PRelu", 6, {reals_of({2, 3, 4, 4}), reals_of({3})});
  EXPECT_EQ(graph_.type(last().inputs[1]).to_string(), "float32[3, 1, 1]");
}

TEST_F(Import, BoundsOfClipBecomeInputs) {
  import("Clip", 6, {reals_of({3})}, with({{"max", 6.0}}));
  ASSERT_EQ(last().inputs.size(), 3u);
  EXPECT_EQ(last().inputs[1], no_value);
  EXPECT_FALSE(last().attributes.has("max"));
}

TEST_F(Import, CastsByNameAndByExample) {
  EXPECT_EQ(import("Cast", 1, {reals_of({3})}, with({{"to", std::string("INT64")}})), "int64[3]");
  EXPECT_EQ(import("CastLike", 19, {reals_of({3}), input(ElementType::float16, {})}), "float16[3]");
  EXPECT_EQ(ops(), "Cast Cast");
  EXPECT_THROW(import("Cast", 1, {reals_of({3})}, with({{"to", std::string("INT")}})), Error);
}

TEST_F(Import, DropoutDisappearsOutsideTraining) {
  import("Dropout", 7, {reals_of({3})}, with({{"ratio", 0.5}}), "", 2);
  EXPECT_EQ(graph_.type(results_[1]).to_string(), "float32[3]");
  import("Dropout", 13, {reals_of({3})}, {}, "", 2);
  EXPECT_EQ(graph_.type(results_[1]).to_string(), "boolean[3]");
  EXPECT_EQ(ops(), "Identity Shape ConstantOfShape Cast Identity Shape ConstantOfShape");
  import("Dropout", 6, {reals_of({3})});
  EXPECT_EQ(last().op, "Dropout");
}

TEST_F(Import, FirstSeluHasShorterConstants) {
  import("Selu", 1, {reals_of({3})});
  EXPECT_NEAR(last().attributes.number("alpha"), 1.6732, 1e-6);
}

TEST_F(Import, MicrosoftActivations) {
  const std::string_view microsoft = "com.microsoft";
  import("FastGelu", 1, {reals_of({2, 3}), reals_of({3})}, {}, microsoft);
  EXPECT_EQ(last().attributes.text("approximate"), "tanh");
  import("QuickGelu", 1, {reals_of({2, 3})}, {}, microsoft);
  import("BiasGelu", 1, {reals_of({2, 3}), reals_of({3})}, {}, microsoft);
  EXPECT_EQ(ops(), "Add Gelu Swish Add Gelu");
  EXPECT_THROW(import("BiasGelu", 1, {}, {}, microsoft), Error);
}

TEST_F(Import, QuantisedConvolutionIsSpelledOut) {
  const auto zero = constant(Tensor(ElementType::uint8, {}));
  const auto zeros = constant(Tensor(ElementType::int8, {6}));
  EXPECT_EQ(import("QLinearConv", 10,
                   {input(ElementType::uint8, {1, 4, 8, 8}), reals_of({}), zero,
                    input(ElementType::int8, {6, 4, 3, 3}), reals_of({6}), zeros, reals_of({}),
                    zero, input(ElementType::int32, {6})}),
            "uint8[1, 6, 6, 6]");
  EXPECT_EQ(ops(), "DequantizeLinear DequantizeLinear Mul DequantizeLinear Conv QuantizeLinear");
}

TEST_F(Import, QuantisedOperatorsOfMicrosoft) {
  const std::string_view microsoft = "com.microsoft";
  const ValueId x = input(ElementType::int8, {2, 4});
  const ValueId s = reals_of({});
  const ValueId none = no_value;
  EXPECT_EQ(import("QLinearAdd", 1, {x, s, none, x, s, none, s}, {}, microsoft), "int8[2, 4]");
  EXPECT_EQ(ops(), "DequantizeLinear DequantizeLinear Add QuantizeLinear");
  EXPECT_EQ(import("QLinearSoftmax", 1, {x, s, none, s},
                   with({{"opset", int64_t{13}}, {"axis", int64_t{-1}}}), microsoft),
            "int8[2, 4]");
  EXPECT_THROW(import("QLinearMul", 1, {x, s, none, x}, {}, microsoft), Error);
}

TEST_F(Import, PackedWeightsAreUnpackedAndTransposed) {
  Tensor packed(ElementType::uint8, {2, 1, 8});
  packed.view().as<uint8_t>()[0] = 0x21;  // w[0, 0] = 1, w[0, 1] = 2
  packed.view().as<uint8_t>()[8] = 0x0F;  // w[1, 0] = 15
  const Attributes form = with(
      {{"N", int64_t{2}}, {"K", int64_t{15}}, {"bits", int64_t{4}}, {"block_size", int64_t{16}}});
  EXPECT_EQ(import("MatMulNBits", 1, {reals_of({3, 15}), constant(packed), reals_of({2, 1})}, form,
                   "com.microsoft"),
            "float32[3, 2]");
  EXPECT_EQ(ops(), "Reshape Transpose DequantizeLinear MatMul");
  for (const NodeId id : graph_.order()) {
    const Node& node = graph_.node(id);
    if (node.op != "DequantizeLinear") continue;
    const Tensor& weights = graph_.value(node.inputs[0]).constant->tensor;
    EXPECT_EQ(weights.shape(), (Shape{15, 2}));
    const auto codes = load_all<int64_t>(weights.view());
    EXPECT_EQ((std::vector<int64_t>{codes[0], codes[1], codes[2], codes[3]}),
              (std::vector<int64_t>{1, 15, 2, 0}));
  }
  EXPECT_THROW(import("MatMulNBits", 1,
                      {reals_of({3, 15}), input(ElementType::uint8, {2, 1, 8}), reals_of({2, 1})},
                      form, "com.microsoft"),
               Error);
}

}  // namespace
}  // namespace cermet::testing
