#include "backends/cpu/build/step_timer.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace cermet {
namespace {

Plan plan_of_relu(const Dims& dims) {
  Plan plan;
  Step step;
  step.name = "relu";
  step.problem.kind = ProblemKind::pointwise;
  step.problem.op = "Relu";
  step.problem.expression = ScalarExpr::parse(
      "%0 = input float32 0; %1 = constant float32 0; %2 = max float32 %0 %1; -> %2");
  step.choice = {"cpu.pointwise", 1, ""};
  for (const char* name : {"x", "y"}) {
    Buffer buffer;
    buffer.name = name;
    buffer.type = ValueType::tensor(ElementType::float32, dims);
    plan.buffers.push_back(buffer);
  }
  step.problem.inputs = {Operand{plan.buffers[0].type, {}, false}};
  step.problem.outputs = {Operand{plan.buffers[1].type, {}, false}};
  step.inputs = {0};
  step.outputs = {1};
  plan.root.steps = {step};
  return plan;
}

TEST(StepTimer, RunsAStepAtItsTypicalShapes) {
  EXPECT_GT(cpu::step_timer()(plan_of_relu({Dim::symbol("N"), 1024}), 1, true)->run(), 0);
}

TEST(StepTimer, StepsBeyondReasonAreNotTried) {
  try {
    cpu::step_timer()(plan_of_relu(to_dims({1 << 20, 1 << 20})), 1, false);
    FAIL() << "two operands of 4 TiB";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::out_of_memory);
  }
}

}  // namespace
}  // namespace cermet
