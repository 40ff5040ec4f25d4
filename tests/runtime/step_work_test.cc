// What a step stands for: how its operations are counted, and in which type.
#include "runtime/step_work.h"

#include <gtest/gtest.h>

namespace cermet {
namespace {

using enum ElementType;

std::vector<std::optional<Operand>> operands(const std::vector<ElementType>& types) {
  std::vector<std::optional<Operand>> result;
  for (const ElementType type : types) {
    if (type == undefined)
      result.emplace_back(std::nullopt);
    else
      result.emplace_back(Operand{ValueType::tensor(type, Dims{Dim(6)}), {}, false});
  }
  return result;
}

ElementType arithmetic(ProblemKind kind, const std::vector<ElementType>& inputs,
                       const std::vector<ElementType>& outputs) {
  Step step;
  step.problem.kind = kind;
  step.problem.inputs = operands(inputs);
  step.problem.outputs = operands(outputs);
  return arithmetic_of(step);
}

TEST(StepWork, IsDoneInTheWidestFloat) {
  using enum ProblemKind;
  EXPECT_EQ(arithmetic(pointwise, {boolean, float64, float64}, {float64}), float64);
  EXPECT_EQ(arithmetic(pointwise, {float16}, {float32}), float32);
  EXPECT_EQ(arithmetic(pointwise, {int64, float16}, {int64}), float16);
  EXPECT_EQ(arithmetic(pointwise, {int32, int64}, {boolean}), int32);
  EXPECT_EQ(arithmetic(pointwise, {undefined, int8}, {int8}), int8);
  EXPECT_EQ(arithmetic(pointwise, {}, {}), undefined);
}

TEST(StepWork, OfProductsIsDoneInTheTypeOfTheFactors) {
  using enum ProblemKind;
  EXPECT_EQ(arithmetic(matmul, {float16, float16}, {float32}), float16);
  EXPECT_EQ(arithmetic(convolution, {uint8, int8, float32}, {float32}), uint8);
}

// A plugin's operator may have the name of one of ONNX's.
TEST(StepWork, IsNotKnownOfPluginsOperators) {
  Step step;
  step.problem.op = "CumSum";
  step.inputs = {0};
  step.outputs = {1};
  const BufferShapes shapes{Shape{2, 3}, Shape{2, 3}};
  EXPECT_EQ(operations_of(step, shapes), 6);
  step.problem.domain = "example";
  EXPECT_EQ(operations_of(step, shapes), std::nullopt);
}

}  // namespace
}  // namespace cermet
