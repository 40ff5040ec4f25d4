// A model that was read, written, and read again is the same model.
#include "import/onnx/model_writer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "builder/validation_digest.h"
#include "import/onnx/importer.h"

namespace cermet {
namespace {

// Tensors outside of the model, by their number.
struct Kept {
  std::vector<Tensor> tensors;

  std::string write(const onnx::OnnxModel& model) {
    return onnx::write_model(model, [&](const Tensor& tensor) -> std::string {
      if (tensor.bytes() < 16) return {};
      tensors.push_back(tensor);
      return std::to_string(tensors.size() - 1);
    });
  }
  onnx::OnnxModel read(const std::string& bytes) const {
    return onnx::read_model(bytes,
                            [&](ElementType type, const Shape& shape, const std::string& location) {
                              const Tensor& tensor = tensors.at(std::stoul(location));
                              EXPECT_EQ(tensor.type(), type);
                              EXPECT_EQ(tensor.shape(), shape);
                              return tensor;
                            });
  }
};

// What the importer makes of it: nodes, types and constants, or its error.
std::string imported(const onnx::OnnxModel& model) {
  try {
    const Graph graph = onnx::import_model(model);
    return fmt::format("{:016x}\n{}", digest_of(graph), print(graph));
  } catch (const Error& error) {
    return error.message();
  }
}

std::string text_of(const std::optional<ValueType>& type) {
  return type ? type->to_string() : "none";
}

// Whether it could be read at all.
bool goes_round(const std::filesystem::path& path) {
  onnx::OnnxModel model;
  try {
    model = onnx::read_model_file(path);
  } catch (const Error&) {
    return false;
  }
  Kept kept, again;
  const std::string bytes = kept.write(model);
  const onnx::OnnxModel back = kept.read(bytes);
  EXPECT_EQ(imported(back), imported(model)) << path;
  EXPECT_EQ(back.ir_version, model.ir_version);
  EXPECT_EQ(back.producer, model.producer);
  EXPECT_EQ(again.write(back), bytes) << path;
  return true;
}

size_t count_in(const std::string& folder) {
  size_t good = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".onnx") good += goes_round(entry.path());
  return good;
}

TEST(ModelWriter, ModelsOfTheCorpusGoRound) {
  EXPECT_GT(count_in("tests/fuzz/corpus/onnx"), 15u);
  EXPECT_TRUE(goes_round("examples/digits/digits.onnx"));
}

// ONNX's own, for instance: CERMET_MODELS=.venv/lib/python3.11/site-packages/onnx
TEST(ModelWriter, ModelsOfAFolderGoRound) {
  const char* const folder = std::getenv("CERMET_MODELS");
  if (folder == nullptr) GTEST_SKIP() << "CERMET_MODELS names no folder";
  EXPECT_GT(count_in(folder), 0u);
}

// What models rarely have: every kind of attribute, nameless sizes, types of sequences.
TEST(ModelWriter, KeepsRareParts) {
  onnx::OnnxModel model;
  model.ir_version = 8;
  model.producer = "nobody";
  model.opsets = {{"", 17}, {"com.example", 1}};
  model.graph.name = "g";
  const auto f32 = [](Dims dims) { return ValueType::tensor(ElementType::float32, dims); };
  model.graph.inputs = {{"x", f32({Dim::symbol("x.d0"), Dim::symbol("a/b"), Dim(3)})},
                        {"data", f32({Dim::symbol("data.d0")})},
                        {"s", ValueType::sequence(ValueType::optional(f32({})))},
                        {"any", ValueType::tensor(ElementType::int64, std::nullopt)},
                        {"untyped", std::nullopt}};
  onnx::OnnxNode node{"com.example", "Odd", "over", "n", {"x", ""}, {"", "y"}, {}};
  onnx::OnnxGraph body;
  body.name = "body";
  body.outputs = {{"b", std::nullopt}};
  node.attributes = {
      {"i", int64_t{-7}, {}, {}, {}},
      {"f", 0.1f, {}, {}, {}},
      {"s", std::string("a\0b", 3), {}, {}, {}},
      {"t", Tensor::from<std::string>(ElementType::string, {2}, {"one", ""}), {}, {}, {}},
      {"is", std::vector<int64_t>{}, {}, {}, {}},
      {"fs", std::vector<double>{0.5, -1}, {}, {}, {}},
      {"ss", std::vector<std::string>{"", "z"}, {}, {}, {}},
      {"g", {}, {body}, {}, {}},
      {"gs", {}, {body, body}, {}, {}},
      {"none", {}, {}, {}, {}},
      {"type", {}, {}, f32({Dim(2)}), {}},
      {"ref", {}, {}, {}, "outer"},
  };
  onnx::OnnxFunction function{"com.example",        "F",    "",        {"a"}, {"b"},
                              {node.attributes[0]}, {node}, {{"", 17}}};
  model.graph.nodes = {node};
  model.functions = {function};
  Kept kept, again;
  const std::string bytes = kept.write(model);
  const onnx::OnnxModel back = kept.read(bytes);
  EXPECT_EQ(again.write(back), bytes);
  ASSERT_EQ(back.graph.inputs.size(), model.graph.inputs.size());
  for (size_t i = 0; i < back.graph.inputs.size(); ++i)
    EXPECT_EQ(text_of(back.graph.inputs[i].type), text_of(model.graph.inputs[i].type)) << i;
  const onnx::OnnxNode& read = back.graph.nodes.at(0);
  EXPECT_EQ(read.overload, "over");
  EXPECT_EQ(read.inputs, node.inputs);
  EXPECT_EQ(read.outputs, node.outputs);
  ASSERT_EQ(read.attributes.size(), node.attributes.size());
  for (size_t i = 0; i < read.attributes.size(); ++i) {
    const onnx::OnnxAttribute &mine = read.attributes[i], &its = node.attributes[i];
    EXPECT_EQ(mine.name, its.name);
    EXPECT_EQ(mine.reference, its.reference);
    EXPECT_EQ(mine.graphs.size(), its.graphs.size());
    EXPECT_EQ(text_of(mine.type), text_of(its.type));
    ASSERT_EQ(mine.value.has_value(), its.value.has_value()) << its.name;
    Attributes a, b;
    if (!mine.value) continue;
    a.set("v", *mine.value);
    b.set("v", *its.value);
    EXPECT_EQ(a, b) << its.name;
  }
  EXPECT_EQ(back.functions.at(0).nodes.at(0).attributes.size(), node.attributes.size());
  EXPECT_EQ(back.functions.at(0).opsets, function.opsets);
}

}  // namespace
}  // namespace cermet
