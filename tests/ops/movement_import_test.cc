#include "ops/import_rule.h"
#include "tests/ops/operator_case.h"

namespace cermet::testing {
namespace {

// A graph with inputs a, b, ... of the given types, in which one old node is imported.
struct Import {
  Graph graph;
  GraphBuilder builder{graph, Origin{{"node"}}};
  std::vector<ValueId> inputs;

  explicit Import(const std::vector<ValueType>& types) {
    for (const ValueType& type : types) inputs.push_back(graph.add_input("x", type));
  }

  // The types of the imported node's outputs.
  std::string run(std::string_view name, int version, Attributes attributes, size_t outputs = 1,
                  std::string_view domain = "") {
    RawNode node;
    node.domain = domain;
    node.op = name;
    node.version = version;
    node.inputs = inputs;
    node.output_count = outputs;
    node.attributes = std::move(attributes);
    std::optional<std::vector<ValueId>> results;
    for (const ImportRule* rule : find_import_rules(domain, name, version)) {
      results = rule->import(node, builder);
      if (results) break;
    }
    if (!results)
      results = builder.add_all(node.op, node.inputs, outputs, node.attributes, node.domain);
    std::string text;
    for (ValueId value : *results)
      text += (text.empty() ? "" : "; ") + graph.type(value).to_string();
    return text;
  }
};

ValueType matrix() { return ValueType::tensor(ElementType::float32, Dims{Dim::symbol("N"), 6}); }
ValueType vector_of(ElementType type, int64_t size) { return ValueType::tensor(type, Dims{size}); }

Attribute list(std::vector<int64_t> values) { return values; }

TEST(MovementImport, AttributesBecomeInputs) {
  EXPECT_EQ(Import({matrix()}).run("Reshape", 1, with({{"shape", list({0, 2, -1})}})),
            "float32[N, 2, 3]");
  EXPECT_EQ(Import({matrix()}).run("Unsqueeze", 11, with({{"axes", list({0, -1})}})),
            "float32[1, N, 6, 1]");
  EXPECT_EQ(Import({matrix()})
                .run("Slice", 9,
                     with({{"starts", list({1})}, {"ends", list({-1})}, {"axes", list({1})}})),
            "float32[N, 4]");
  EXPECT_EQ(Import({matrix()}).run("Pad", 1, with({{"paddings", list({0, 1, 0, 2})}})),
            "float32[N, 9]");
  EXPECT_EQ(Import({matrix()}).run("Pad", 10, with({{"pads", list({0, 1, 0, 2})}, {"value", 3.0}})),
            "float32[N, 9]");
}

TEST(MovementImport, Splits) {
  EXPECT_EQ(
      Import({matrix()}).run("Split", 2, with({{"axis", int64_t{1}}, {"split", list({2, 4})}}), 2),
      "float32[N, 2]; float32[N, 4]");
  EXPECT_EQ(Import({matrix()}).run("Split", 13, with({{"axis", int64_t{1}}}), 3),
            "float32[N, 2]; float32[N, 2]; float32[N, 2]");
}

TEST(MovementImport, OldNamesAndDefaults) {
  const ValueType indices = ValueType::tensor(ElementType::int64, Dims{1, 6});
  const ValueType updates = ValueType::tensor(ElementType::float32, Dims{1, 6});
  EXPECT_EQ(Import({matrix(), indices, updates}).run("Scatter", 9, {}), "float32[N, 6]");
  EXPECT_EQ(Import({matrix(), matrix()}).run("Concat", 1, {}), "float32[N, 12]");
  Import tile({matrix()});
  tile.inputs.push_back(tile.builder.integer(3));
  tile.inputs.push_back(tile.builder.integer(1));
  EXPECT_EQ(tile.run("Tile", 1, {}), "float32[N, 18]");
}

TEST(MovementImport, MicrosoftOperators) {
  const auto vector = vector_of(ElementType::float32, 4);
  const std::string unique = Import({vector}).run("Unique", 1, {}, 3, "com.microsoft");
  EXPECT_NE(unique.find("; int64[4]; int64["), std::string::npos) << unique;
  Import expand({matrix()});
  expand.inputs.push_back(expand.builder.integer(-1));
  EXPECT_EQ(expand.run("ExpandDims", 1, {}, 1, "com.microsoft"), "float32[N, 6, 1]");
  Import range({});
  range.inputs = {range.builder.integer(1), range.builder.integer(4)};
  EXPECT_EQ(range.run("Range", 1, {}, 1, "com.microsoft"), "int64[3]");
}

TEST(GenerationImport, ConstantsOfEveryForm) {
  const auto constant = [](const char* attribute, Attribute value) {
    return Import({}).run("Constant", 13, with({{attribute, std::move(value)}}));
  };
  EXPECT_EQ(constant("value", ints({1, 2})), "int64[2]");
  EXPECT_EQ(constant("value_int", int64_t{3}), "int64[]");
  EXPECT_EQ(constant("value_ints", list({3, 4, 5})), "int64[3]");
  EXPECT_EQ(constant("value_float", 0.5), "float32[]");
  EXPECT_EQ(constant("value_floats", std::vector<double>{1, 2}), "float32[2]");
  EXPECT_EQ(constant("value_string", std::string("a")), "string[]");
  EXPECT_EQ(constant("value_strings", std::vector<std::string>{"a", "b"}), "string[2]");
  EXPECT_THROW(constant("values", int64_t{1}), Error);
}

TEST(GenerationImport, TransformsAlongTheSecondDimension) {
  const ValueType signal = ValueType::tensor(ElementType::float32, Dims{1, 10, 12, 1});
  EXPECT_EQ(Import({signal}).run("DFT", 17, with({{"onesided", int64_t{1}}})),
            "float32[1, 6, 12, 2]");
  EXPECT_EQ(Import({signal}).run("DFT", 20, with({{"onesided", int64_t{1}}})),
            "float32[1, 10, 7, 2]");
}

}  // namespace
}  // namespace cermet::testing
