// What a plan from a file may not say.
#include "engine/check_plan.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"
#include "tests/engine/sample_plan.h"

namespace cermet {
namespace {

struct Case {
  std::string_view name;
  std::function<void(Plan&)> change;
  std::string_view message;
};

// Gives the second input two items, as the first has.
void cut_in_twos(Plan& p, const Dim& batch) {
  p.batch = batch;
  p.buffers[1].type.dims = Dims{Dim(2)};
}

// Steps of the sample: 0 convolution, 1 view, 2 dims, 3 reference, 4 branch, 5 view of a
// part.
const Case cases[] = {
    {"ConstantIndex", [](Plan& p) { p.buffers[9].constant = 77; }, "constant: expected an index"},
    {"NoConstant", [](Plan& p) { p.buffers[0].constant = 0; }, "expected -1 since it is not"},
    {"ConstantTooSmall", [](Plan& p) { p.buffers[9].type.dims = Dims{Dim(4)}; },
     "buffer 9 'w': constant: expected at least 16 bytes for float32[4], got 12"},
    {"ConstantNoTensor",
     [](Plan& p) { p.buffers[9].type = ValueType::sequence(p.buffers[9].type); },
     "expected a tensor since it is constant"},
    {"ConstantNoStrings", [](Plan& p) { p.buffers[9].type.element = ElementType::string; },
     "expected elements of type string, got float32"},
    {"AliasTooLarge",
     [](Plan& p) {
       p.buffers[2].type.dims = Dims{Dim(1)};
       p.buffers[2].layout = {};
       p.buffers[4].type.dims = Dims{Dim(2)};
     },
     "buffer 4 'view': alias: expected at most the 4 bytes of 'y', got 8"},
    {"AliasOfOtherElements", [](Plan& p) { p.buffers[4].type.element = ElementType::int32; },
     "buffer 4 'view': alias: expected numbers as in 'y', which is float32"},
    {"OffsetWithoutAlias", [](Plan& p) { p.buffers[2].alias_offset = 4; },
     "buffer 2 'y': alias_offset: expected none without an alias, got 4"},
    {"OffsetTooLarge",
     [](Plan& p) {
       p.buffers[2].type.dims = Dims{Dim(4)};
       p.buffers[2].layout = {};
       p.buffers[4].type.dims = Dims{Dim(2)};
       p.buffers[4].alias_offset = 12;
     },
     "buffer 4 'view': alias_offset: expected 0 to 8, got 12"},
    {"OffsetNegative",
     [](Plan& p) {
       p.buffers[2].type.dims = Dims{Dim(4)};
       p.buffers[2].layout = {};
       p.buffers[4].type.dims = Dims{Dim(2)};
       p.buffers[4].alias_offset = -4;
     },
     "alias_offset: expected 0 to 8, got -4"},
    {"ViewElsewhere", [](Plan& p) { p.buffers[4].alias = no_buffer; },
     "is a view, but 'view' lies not in 'y'"},
    {"PartElsewhere", [](Plan& p) { p.root.steps[1].problem.op = "Concat"; },
     "is a view, but 'y' lies not in 'view'"},
    {"AliasCycle", [](Plan& p) { p.buffers[2].alias = 4; }, "is an alias of itself"},
    {"OperandCount", [](Plan& p) { p.root.steps[0].problem.inputs.pop_back(); }, "4"},
    {"OperandAbsent", [](Plan& p) { p.root.steps[0].problem.inputs[0].reset(); },
     "input 0: the problem and the step do not agree"},
    {"EpilogueFirst", [](Plan& p) { p.root.steps[0].problem.epilogue_first = 5; },
     "epilogue_first: expected at most 4, got 5"},
    {"EpilogueOperands", [](Plan& p) { p.root.steps[0].problem.epilogue_first = 4; },
     "expression: expected at most 1 operands, got 2"},
    {"InPlace", [](Plan& p) { p.root.steps[0].in_place = {{0, 2}}; }, "in_place: expected one of"},
    {"RegionCount", [](Plan& p) { p.root.steps[4].regions.pop_back(); },
     "step 'If_step': regions: expected 2 in a step of kind branch, got 1"},
    {"BranchOutputs", [](Plan& p) { p.root.steps[4].regions[1].outputs.push_back(0); },
     "region's outputs: expected 1, got 2"},
    {"LoopInputs",
     [](Plan& p) {
       p.root.steps[4].problem.kind = ProblemKind::loop;
       p.root.steps[4].regions.pop_back();
       p.root.steps[4].problem.attributes.set("captured", int64_t{1});
     },
     "captured: expected at most"},
    {"ProfileName", [](Plan& p) { p.profiles[0].inputs[0].name = "z"; },
     "profile 0: input 'z': name: expected an input"},
    {"ProfileRank", [](Plan& p) { p.profiles[0].inputs[0].opt.pop_back(); },
     "expected 4 dimensions, got 4, 3 and 4"},
    {"ProfileOrder", [](Plan& p) { p.profiles[0].inputs[0].min[1] = 9; },
     "dimension 1: expected 0 <= min <= opt <= max, got 9, 8 and 16"},
    {"BatchOfAScalar", [](Plan& p) { p.batch = 8; },
     "'c' belongs to a batch in slices, its first dimension has to be a number"},
    {"BatchWithoutInputs",
     [](Plan& p) {
       p.batch = 8;
       p.root.inputs.clear();
       p.input_names.clear();
       p.profiles.clear();
     },
     "a batch comes in by no input"},
    {"BatchOfOtherItems",
     [](Plan& p) {
       p.batch = 8;
       p.buffers[1].type.dims = Dims{Dim(3)};
     },
     "input 'c' has another number of items than the first"},
    {"BatchOfNothing",
     [](Plan& p) {
       p.batch = 8;
       for (int i : {0, 1}) p.buffers[i].type.dims = Dims{Dim(0)};
     },
     "a slice of a batch has 0 items"},
    {"BatchOfNoMultiple", [](Plan& p) { cut_in_twos(p, 7); },
     "a batch of 7 in slices of 2: expected a multiple or a symbol"},
    {"BatchThatIsComputed", [](Plan& p) { cut_in_twos(p, Dim::symbol("N") * 100); },
     "a batch of 100*N in slices of 2: expected a multiple or a symbol"},
    {"BatchOfData",
     [](Plan& p) {
       p.batch = 8;
       p.buffers[1].type.dims = Dims{Dim(2), Dim::symbol("data.n")};
     },
     "'c' belongs to a batch in slices, its size data.n is known from data"},
    {"BatchInParts",
     [](Plan& p) {
       cut_in_twos(p, 8);
       p.buffers[8].type.dims = Dims{Dim(3)};
     },
     "output 'result' has no whole number of rows for each item"},
    {"InputNames", [](Plan& p) { p.input_names.pop_back(); }, "2 inputs have 1 names"},
};

// Steps of the sample with a device: 0 copy, 1 kernel, 2 view, 3 copy. Buffers: 0 x, 1 x.device,
// 2 w, 3 sum, 4 flat, 5 y.
const Case device_cases[] = {
    {"ModuleIndex", [](Plan& p) { p.root.steps[1].program.launches[1].module = 2; },
     "step 'Add_step': launch: module: expected an index below 2, got 2"},
    {"InputIndex", [](Plan& p) { p.root.steps[1].program.launches[0].arguments[1].index = 2; },
     "launch: argument: expected one of 2 operands, got 2"},
    {"OutputIndex", [](Plan& p) { p.root.steps[1].program.launches[0].arguments[2].index = -1; },
     "launch: argument: expected one of 1 operands, got -1"},
    {"InputElsewhere", [](Plan& p) { p.buffers[2].place = Place::host; },
     "step 'Add_step' on the device reads 'w', which is elsewhere"},
    {"ResultElsewhere",
     [](Plan& p) {
       for (int i : {3, 4}) p.buffers[i].place = Place::host;
     },
     "step 'Add_step' on the device writes 'sum', which is elsewhere"},
    {"AliasElsewhere", [](Plan& p) { p.buffers[4].place = Place::host; },
     "buffer 'flat' is elsewhere than its alias"},
    {"CopyInPlace", [](Plan& p) { p.buffers[1].place = Place::host; },
     "step 'Copy_step' copies to the place where it reads"},
    {"CopyOfNothing", [](Plan& p) { p.root.steps[0].inputs[0] = no_buffer; },
     "step 'Copy_step' copies to the place where it reads"},
    {"CopyOfOtherElements", [](Plan& p) { p.buffers[0].type.element = ElementType::uint8; },
     "step 'Copy_step' copies 'x' to 'x.device', which is of another type or layout"},
    {"CopyOnTheDevice", [](Plan& p) { p.root.steps[0].place = Place::device; },
     "step 'Copy_step' of kind copy is on the device"},
    {"InputOnTheDevice",
     [](Plan& p) {
       p.root.inputs[0] = 1;
       p.root.steps.erase(p.root.steps.begin());
     },
     "'x.device' comes in or goes out on the device"},
    {"OutputOnTheDevice", [](Plan& p) { p.root.outputs[0] = 4; },
     "'flat' comes in or goes out on the device"},
    {"TextsOnTheDevice", [](Plan& p) { p.buffers[1].type.element = ElementType::string; },
     "buffer 'x.device' on the device is no tensor of numbers"},
    {"ListOnTheDevice", [](Plan& p) { p.buffers[1].type = ValueType::sequence(p.buffers[1].type); },
     "buffer 'x.device' on the device is no tensor of numbers"},
};

// Likewise with a call in the place of launches.
const Case call_cases[] = {
    {"InputIndex", [](Plan& p) { p.root.steps[1].program.call->arguments[0].index = 2; },
     "step 'Add_step': call: argument: expected one of 2 operands, got 2"},
    {"OutputIndex", [](Plan& p) { p.root.steps[1].program.call->arguments[1].index = 1; },
     "call: argument: expected one of 1 operands, got 1"},
    {"Launches", [](Plan& p) { p.root.steps[1].program.launches.emplace_back(); },
     "call: expected no launches beside it, got 1"},
    {"OnTheHost",
     [](Plan& p) {
       p.root.steps[0].program.call = p.root.steps[1].program.call;
       p.root.steps[0].program.call->arguments.clear();
     },
     "step 'Copy_step': call: expected a step on the device"},
};

class CheckPlan : public testing::TestWithParam<Case> {};

void expect_named(EngineImage image, const Case& what) {
  EXPECT_NO_THROW(check_plan(image.plan));
  what.change(image.plan);
  try {
    check_plan(image.plan);
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_NE(error.message().find(what.message), std::string::npos) << error.message();
  }
}

TEST_P(CheckPlan, NamesTheField) { expect_named(sample_image(), GetParam()); }

class CheckDevicePlan : public testing::TestWithParam<Case> {};

TEST_P(CheckDevicePlan, NamesTheField) { expect_named(device_image(), GetParam()); }

class CheckCallPlan : public testing::TestWithParam<Case> {};

TEST_P(CheckCallPlan, NamesTheField) { expect_named(call_image(), GetParam()); }

INSTANTIATE_TEST_SUITE_P(, CheckCallPlan, testing::ValuesIn(call_cases),
                         [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(, CheckDevicePlan, testing::ValuesIn(device_cases),
                         [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(, CheckPlan, testing::ValuesIn(cases),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace cermet
