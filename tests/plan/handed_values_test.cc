// What control flow hands on has one place, and what the host reads or makes is the host's.
#include "plan/handed_values.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace cermet {
namespace {

enum Value : BufferId { trips, go, start, start_on_device, turn, go_in, state, result, y };

Step step_of(ProblemKind kind, std::vector<BufferId> inputs, std::vector<BufferId> outputs) {
  Step step;
  step.name = std::string(name(kind));
  step.problem.kind = kind;
  step.inputs = std::move(inputs);
  step.outputs = std::move(outputs);
  step.problem.inputs.resize(step.inputs.size());
  step.problem.outputs.resize(step.outputs.size());
  return step;
}

// y = what goes round in a loop that changes nothing, on the device.
Plan loop_plan() {
  const std::pair<const char*, ElementType> names[] = {
      {"trips", ElementType::int64},   {"go", ElementType::boolean},
      {"start", ElementType::float32}, {"start.device", ElementType::float32},
      {"turn", ElementType::int64},    {"go_in", ElementType::boolean},
      {"state", ElementType::float32}, {"result", ElementType::float32},
      {"y", ElementType::float32}};
  Plan plan;
  for (const auto& [name, type] : names) {
    Buffer& buffer = plan.buffers.emplace_back();
    buffer.name = name;
    buffer.type = ValueType::tensor(type, type == ElementType::float32 ? Dims{4} : Dims{});
  }
  for (BufferId id : {trips, go, start}) {
    plan.buffers[id].storage = Storage::input;
    plan.root.inputs.push_back(id);
    plan.input_names.push_back(plan.buffers[id].name);
  }
  for (BufferId id : {start_on_device, state, result}) plan.buffers[id].place = Place::device;
  plan.buffers[y].storage = Storage::output;
  plan.root.outputs = {y};
  plan.output_names = {"y"};
  Step loop = step_of(ProblemKind::loop, {trips, go, start_on_device}, {result});
  loop.regions.push_back({{turn, go_in, state}, {go_in, state}, {}});
  plan.root.steps.push_back(step_of(ProblemKind::copy, {start}, {start_on_device}));
  plan.root.steps.push_back(std::move(loop));
  plan.root.steps.push_back(step_of(ProblemKind::copy, {result}, {y}));
  return plan;
}

std::string fault_of(const Plan& plan) {
  try {
    verify(plan);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(HandedValues, OfALoopAreCountConditionAndStates) {
  const Plan plan = loop_plan();
  const auto values = handed_values(plan.root.steps[1]);
  ASSERT_EQ(values.size(), 4u);
  EXPECT_TRUE(values[0].is_hosts && values[1].is_hosts && values[2].is_hosts);
  EXPECT_EQ(values[2].region_output, 0u);
  EXPECT_FALSE(values[3].is_hosts);
  EXPECT_EQ(values[3].input, 2u);
  EXPECT_EQ(values[3].region_input, 2u);
  EXPECT_EQ(values[3].region_output, 1u);
  EXPECT_EQ(values[3].output, 0u);
}

TEST(HandedValues, OfAScanHaveAxesWhereTheyAreSlices) {
  Step scan = step_of(ProblemKind::scan, {0, 1}, {2, 3});
  scan.problem.attributes.set("num_scan_inputs", int64_t{1});
  scan.problem.attributes.set("scan_output_axes", std::vector<int64_t>{1});
  const auto values = handed_values(scan);
  ASSERT_EQ(values.size(), 3u);
  EXPECT_EQ(values[0].axis, std::nullopt);
  EXPECT_EQ(values[1].axis, 1);
  EXPECT_EQ(values[1].region_output, 1u);
  EXPECT_EQ(values[2].axis, 0);
  EXPECT_EQ(values[2].input, 1u);
  scan.problem.attributes.set("num_scan_inputs", int64_t{9});  // of an engine that is damaged
  EXPECT_EQ(handed_values(scan).size(), 4u);
}

TEST(HandedValues, MayBeOnTheDevice) { EXPECT_EQ(fault_of(loop_plan()), ""); }

TEST(HandedValues, HaveOnePlace) {
  for (const Value id : {state, result}) {
    Plan plan = loop_plan();
    plan.buffers[id].place = Place::host;
    if (id == result) plan.root.steps.pop_back();
    if (id == result) plan.root.outputs = {result};
    EXPECT_NE(fault_of(plan).find("step 'loop' hands on 'start.device' and"), std::string::npos)
        << fault_of(plan);
  }
}

TEST(HandedValues, ConditionsAreTheHosts) {
  for (const Value id : {turn, go_in}) {
    Plan plan = loop_plan();
    plan.buffers[id].place = Place::device;
    EXPECT_NE(fault_of(plan).find("'loop'"), std::string::npos) << fault_of(plan);
  }
}

}  // namespace
}  // namespace cermet
