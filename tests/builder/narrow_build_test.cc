// Builds in 16 bits: where they are refused, and that kernels are compared with the model's nodes.
#include "builder/narrow_build.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "tests/builder/validated_road.h"
#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

ValueId weights(GraphMaker& m, Shape shape) {
  return m.constant("w", ramp(ElementType::float32, std::move(shape)));
}

Graph image() {
  Graph graph;
  GraphMaker m(graph);
  const Attributes same = attributes({{"pads", std::vector<int64_t>{1, 1, 1, 1}}});
  const ValueId x = m.input("x", "float32[2, 3, 10, 10]");
  const ValueId a = m.add("Relu", {m.add("Conv", {x, weights(m, {8, 3, 3, 3})}, same)});
  const ValueId b = m.add("Add", {a, m.add("Conv", {a, weights(m, {8, 8, 3, 3})}, same)});
  const ValueId pooled = m.add("GlobalAveragePool", {m.add("Sigmoid", {b})});
  m.output(m.add("Gemm", {m.add("Flatten", {pooled}), weights(m, {8, 5}), weights(m, {5})}));
  return graph;
}

Graph sentence() {
  Graph graph;
  GraphMaker m(graph);
  const ValueId words = m.add("Gather", {weights(m, {50, 16}), m.input("words", "int64[N]")});
  const ValueId x = m.add("LayerNormalization", {words, weights(m, {16}), weights(m, {16})});
  const ValueId q = m.add("MatMul", {x, weights(m, {16, 8})});
  const ValueId k = m.add("MatMul", {x, weights(m, {16, 8})});
  const ValueId scores = m.add("Softmax", {m.add("MatMul", {q, m.add("Transpose", {k})})});
  const ValueId y = m.add("Gelu", {m.add("MatMul", {scores, x})});
  m.output(m.add("Add", {m.add("MatMul", {y, weights(m, {16, 16})}), words}));
  return graph;
}

class NarrowValidation : public ::testing::TestWithParam<ElementType> {};

TEST_P(NarrowValidation, KernelsOf16BitsPass) {
  for (const Graph& graph : {image(), sentence()}) {
    Road road;
    road.narrow = GetParam();
    int compared = 0;
    for (const StepChoice& choice : road.choose(graph)) {
      ASSERT_TRUE(choice.validation.has_value());
      EXPECT_TRUE(choice.validation->passed) << choice.validation->text;
      EXPECT_LT(choice.validation->error, 0.5) << choice.step->problem.to_string();
      compared += choice.validation->points > 0;
    }
    EXPECT_GE(compared, 5);
  }
}

TEST_P(NarrowValidation, AWrongPassShows) {
  Road road;
  road.narrow = GetParam();
  road.passes.insert(road.passes.begin(), {"remove-relu", remove_relu});
  EXPECT_THROW(road.choose(image()), Error);
}

INSTANTIATE_TEST_SUITE_P(Types, NarrowValidation,
                         ::testing::Values(ElementType::float16, ElementType::bfloat16),
                         [](const auto& info) { return std::string(name(info.param)); });

TEST(NarrowBuild, IsRefusedOnTheCpu) {
  BuildOptions options;
  check_precision(options, false);
  options.precision = Precision::float16;
  try {
    check_precision(options, false);
    FAIL() << "the CPU takes float16";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_NE(std::string(error.what()).find("float16 builds are for GPUs: add --device cuda"),
              std::string::npos)
        << error.what();
  }
  const LetCpuTake16Bits let;
  check_precision(options, false);
  options.precision = static_cast<Precision>(3);
  EXPECT_THROW(check_precision(options, false), Error);
}

// CERMET_NARROW_MODEL names another model.
TEST(NarrowBuild, GivesAlmostWhatFloat32Gives) {
  const char* other = std::getenv("CERMET_NARROW_MODEL");
  const std::string model = other ? other : "examples/digits/digits.onnx";
  const auto run = [&](Precision precision) {
    const LetCpuTake16Bits let;
    BuildOptions options;
    options.tuning_budget = 0;
    options.precision = precision;
    BuildReport report;
    report.keep_text = true;
    const auto engine = Engine::from_memory(build_engine(model, options, &report));
    if (other != nullptr) std::printf("%s\n", report.optimized_graph.c_str());
    for (const StepReport& step : report.steps)
      if (other != nullptr && !step.candidates.empty())
        std::printf("%s: %lld points, %.3f, %s\n", step.name.c_str(),
                    static_cast<long long>(step.validation.points), step.validation.error,
                    step.validation.reason.c_str());
    EXPECT_GT(report.validated_steps, 0);
    std::vector<Value> inputs;
    for (const TensorInfo& input : engine->inputs()) {
      Shape shape;
      for (const std::string& size : input.dims.value())
        shape.push_back(std::isdigit(size[0]) != 0 ? std::stoll(size) : 1);
      inputs.emplace_back(ramp(input.type, shape));
    }
    return run_engine(engine, inputs);
  };
  const std::vector<Value> expected = run(Precision::float32);
  for (const auto& [precision, error] :
       {std::pair{Precision::float16, 0.01}, std::pair{Precision::bfloat16, 0.08}}) {
    const std::vector<Value> got = run(precision);
    for (size_t i = 0; i < expected.size(); ++i)
      EXPECT_EQ(difference(expected[i], got[i], error, error).value_or(""), "")
          << name(narrow_type(precision));
  }
}

}  // namespace
}  // namespace cermet::testing
