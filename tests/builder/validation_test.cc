// Validation catches kernels and passes that are wrong on purpose, and nothing else.
#include "builder/validation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "backends/cpu/build/step_timer.h"
#include "base/error.h"
#include "tactics/tuner.h"
#include "tests/builder/validated_road.h"
#include "tests/support/graph_maker.h"

namespace cermet::testing {
namespace {

// Two layers with what is folded and fused around them, and a product behind.
Graph network() {
  Graph graph;
  GraphMaker m(graph);
  const auto pads = attributes({{"pads", std::vector<int64_t>{1, 1, 1, 1}}});
  ValueId x = m.input("x", "float32[1, 24, 33, 33]");
  x = m.add("Conv", {x, m.constant("w", ramp(ElementType::float32, {40, 24, 3, 3}))}, pads);
  x = m.add("BatchNormalization",
            {x, m.constant("scale", ramp(ElementType::float32, {40})),
             m.constant("shift", ramp(ElementType::float32, {40})),
             m.constant("mean", ramp(ElementType::float32, {40})),
             m.constant("variance", Tensor::from<float>(ElementType::float32, {40},
                                                        std::vector<float>(40, 0.7F)))});
  x = m.add("Sigmoid", {x});
  x = m.add("MaxPool", {x},
            attributes({{"kernel_shape", std::vector<int64_t>{3, 3}},
                        {"strides", std::vector<int64_t>{3, 3}}}));
  x = m.add("Transpose", {x}, attributes({{"perm", std::vector<int64_t>{0, 2, 3, 1}}}));
  x = m.add("MatMul", {x, m.constant("v", ramp(ElementType::float32, {40, 130}))});
  x = m.add("Add", {x, m.constant("b", ramp(ElementType::float32, {130}))});
  m.output(m.add("Softmax", {x}));
  return graph;
}

TEST(Validation, AllStepsOfARightRoadPass) {
  Road road;
  for (const StepChoice& choice : road.choose(network())) {
    ASSERT_TRUE(choice.validation) << choice.step->name;
    EXPECT_TRUE(choice.validation->passed);
    EXPECT_GE(choice.validation->points, 4096) << choice.step->name << choice.validation->text;
    EXPECT_LT(choice.validation->error, 0.5) << choice.step->name;
  }
}

// A step may read a value that the model computes from another operand, and does not use here.
TEST(Validation, OperandsThatFollowFromOthersAgreeWithThem) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId a = m.input("a", "float32[30, 20]"), b = m.input("b", "float32[20, 40]");
  const ValueId turned = m.add("Transpose", {a});
  m.output(m.add("Exp", {turned}));
  m.output(m.add("Gemm", {a, a}, attributes({{"transA", int64_t{1}}, {"alpha", 0.5F}})));
  m.output(m.add("MatMul", {turned, m.add("MatMul", {a, b})}));
  Road road;
  const auto choices = road.choose(graph);
  for (const StepChoice& choice : choices) {
    ASSERT_TRUE(choice.validation) << choice.step->name;
    EXPECT_TRUE(choice.validation->passed) << choice.validation->text;
  }
  EXPECT_TRUE(std::ranges::any_of(choices, [](const StepChoice& choice) {
    return choice.step->problem.kind == ProblemKind::matmul && choice.validation->points == 400;
  }));
}

TEST(Validation, AWrongKernelGivesWayToTheNext) {
  Road road;
  insert_wrong(road, "cpu.convolution", shift_window);
  const auto choices = road.choose(network());
  const StepChoice& conv = step_of(choices, "Conv0");
  EXPECT_GT(conv.winner, 0u);
  EXPECT_GE(conv.validation->points, 4096);
  const Candidate& dropped = conv.candidates[0];
  EXPECT_FALSE(dropped.accepted);
  EXPECT_TRUE(dropped.reason.starts_with("error of ")) << dropped.reason;
  EXPECT_NE(dropped.reason.find("expected"), std::string::npos) << dropped.reason;
}

// The wrong kernel is the fastest.
std::unique_ptr<TimedKernel> time_by_window(const Plan& plan, int, bool) {
  struct Kernel : TimedKernel {
    double time = 10;
    double run() override { return time; }
  };
  auto kernel = std::make_unique<Kernel>();
  const auto pads = plan.root.steps.at(0).problem.attributes.integers("pads", {});
  if (pads == std::vector<int64_t>{0, 2, 2, 0}) kernel->time = 1;
  return kernel;
}

TEST(Validation, AWrongKernelIsRememberedInTheTimingCache) {
  const std::string path =
      (std::filesystem::temp_directory_path() / "cermet_validation_test.cache").string();
  std::filesystem::remove(path);
  const auto build = [&](bool frozen) {
    TimingCache cache("device");
    cache.load(path, {});
    EXPECT_EQ(cache.holds_errors(), frozen);
    Tuner tuner({10, frozen, 1}, cache, time_by_window);
    Road road;
    road.tuner = &tuner;
    insert_wrong(road, "cpu.convolution", shift_window);
    const auto choices = road.choose(network());
    if (!frozen) cache.save(path);
    std::string text;
    for (const StepChoice& choice : choices)
      text += choice.step->choice.tactic + choice.step->choice.configuration + "\n";
    const Candidate& dropped = step_of(choices, "Conv0").candidates[0];
    EXPECT_FALSE(dropped.accepted);
    EXPECT_TRUE(dropped.reason.starts_with("error of ")) << dropped.reason;
    return text + dropped.reason;
  };
  const std::string first = build(false);
  EXPECT_EQ(first, build(true));
  std::filesystem::remove(path);
}

TEST(Validation, AWrongPassIsAnErrorThatNamesNodesAndNumbers) {
  Road road;
  road.passes.insert(road.passes.begin(), {"remove-relu", remove_relu});
  Graph graph;
  GraphMaker m(graph);
  ValueId x = m.add("Sin", {m.input("x", "float32[64, 100]")});
  m.output(m.add("Softmax", {m.add("Relu", {x})}));
  try {
    road.choose(graph);
    FAIL() << "a wrong pass passed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::internal);
    const std::string what = error.what();
    for (const char* part : {"error of ", "Softmax2", "expected", "cpu.reference"})
      EXPECT_NE(what.find(part), std::string::npos) << what;
  }
}

TEST(Validation, SaysWhyAStepWasNotCompared) {
  Graph graph;
  GraphMaker m(graph);
  m.output(m.add("RandomUniformLike", {m.input("x", "float32[4, 5]")}));
  Road road;
  const auto choices = road.choose(graph);
  ASSERT_EQ(choices.size(), 1u);
  EXPECT_EQ(choices[0].validation->points, 0);
  EXPECT_EQ(choices[0].validation->text,
            "RandomUniformLike is no operator that gives the same results again");
}

}  // namespace
}  // namespace cermet::testing
