#include "tactics/weigh_epilogues.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tactics/split_epilogues.h"
#include "tactics/tuner.h"

namespace cermet {
namespace {

constexpr ElementType f32 = ElementType::float32;

bool is_product(const TacticQuery& query) { return query.problem().kind == ProblemKind::matmul; }
size_t length(const TacticQuery& query) { return query.problem().expression.nodes().size(); }

// `whole` takes any product; `quick` one whose epilogue adds something at most, in a tenth of the
// time; `pointwise` what is left.
std::vector<Tactic> tactics() {
  Tactic whole, quick, pointwise, last;
  whole.name = "whole";
  whole.rejects = [](const TacticQuery& query) -> std::optional<std::string> {
    return is_product(query) ? std::nullopt : std::optional<std::string>("no product");
  };
  whole.estimate = [](const TacticQuery&, std::string_view) { return 100.0; };
  quick.name = "quick";
  quick.rejects = [](const TacticQuery& query) -> std::optional<std::string> {
    return is_product(query) && length(query) <= 3 ? std::nullopt
                                                   : std::optional<std::string>("too long");
  };
  quick.estimate = [](const TacticQuery&, std::string_view) { return 10.0; };
  pointwise.name = "pointwise";
  pointwise.rejects = [](const TacticQuery& query) -> std::optional<std::string> {
    return is_product(query) ? std::optional<std::string>("a product") : std::nullopt;
  };
  pointwise.estimate = [](const TacticQuery&, std::string_view) { return 30.0; };
  last.name = "last";
  last.rejects = [](const TacticQuery&) -> std::optional<std::string> { return std::nullopt; };
  last.estimate = [](const TacticQuery&, std::string_view) { return 1000.0; };
  return {whole, quick, pointwise, last};
}

BufferId add_buffer(Plan& plan, const char* name) {
  Buffer buffer;
  buffer.name = name;
  buffer.type = ValueType::tensor(f32, to_dims({4, 4}));
  plan.buffers.push_back(buffer);
  return static_cast<BufferId>(plan.buffers.size() - 1);
}

// exp(a b + c) * d
Plan product() {
  Plan plan;
  Step step;
  step.name = "product";
  step.origin = {"node"};
  step.problem.kind = ProblemKind::matmul;
  step.problem.op = "MatMul";
  for (const char* name : {"a", "b", "c", "d"}) step.inputs.push_back(add_buffer(plan, name));
  step.outputs = {add_buffer(plan, "y")};
  for (const BufferId id : step.inputs)
    step.problem.inputs.emplace_back(Operand{plan.buffers[id].type, {}, false});
  step.problem.outputs = {step.problem.inputs[0]};
  step.problem.epilogue_first = 2;
  ScalarExpr& e = step.problem.expression;
  const int sum = e.apply(ScalarOp::add, f32, {e.input(0, f32), e.input(1, f32)});
  const int power = e.apply(ScalarOp::exp, f32, {sum});
  e.add_result(e.apply(ScalarOp::mul, f32, {power, e.input(2, f32)}));
  plan.root.inputs = step.inputs;
  plan.root.outputs = step.outputs;
  plan.root.steps = {step};
  return plan;
}

void expect_cut_after_the_sum(const Plan& plan) {
  ASSERT_EQ(plan.root.steps.size(), 2);
  const Step &head = plan.root.steps[0], &rest = plan.root.steps[1];
  EXPECT_EQ(head.name, "product");
  EXPECT_EQ(rest.name, "product.epilogue");
  EXPECT_EQ(head.inputs, (std::vector<BufferId>{0, 1, 2}));
  EXPECT_EQ(rest.inputs, (std::vector<BufferId>{head.outputs[0], 3}));
  EXPECT_EQ(rest.outputs, (std::vector<BufferId>{4}));
  EXPECT_EQ(rest.origin, std::vector<std::string>{"node"});
  EXPECT_EQ(length({&plan, &head}), 3);
  EXPECT_EQ(rest.problem.kind, ProblemKind::pointwise);
  EXPECT_EQ(plan.buffer(head.outputs[0]).name, "y.before_epilogue");
}

TEST(WeighEpilogues, AFasterKernelTakesWhatItCan) {
  Plan plan = product();
  const auto lost = weigh_epilogues(plan, tactics(), {});
  expect_cut_after_the_sum(plan);
  const Candidate& whole = lost.at(plan.root.steps[0].outputs[0]).at(0);
  EXPECT_EQ(whole.tactic, "whole");
  EXPECT_EQ(whole.estimate_us, 100);
  EXPECT_TRUE(whole.reason.starts_with("estimated to take 2.50 times as long as quick + pointwise"))
      << whole.reason;
}

TEST(WeighEpilogues, TheStepStaysWholeWhereCuttingCostsMore) {
  Plan plan = product();
  auto list = tactics();
  list[2].estimate = [](const TacticQuery&, std::string_view) { return 95.0; };
  const auto lost = weigh_epilogues(plan, list, {});
  ASSERT_EQ(plan.root.steps.size(), 1);
  EXPECT_EQ(plan.buffers.size(), 5);
  const Candidate& cut = lost.at(plan.root.steps[0].outputs[0]).at(0);
  EXPECT_EQ(cut.tactic, "quick + pointwise");
  EXPECT_EQ(cut.reason, "estimated to take 1.05 times as long as whole with the whole epilogue");
}

TEST(WeighEpilogues, NothingIsWeighedWhereATacticIsDisabled) {
  Plan plan = product();
  TacticOptions options;
  options.disabled = {"quick"};
  EXPECT_TRUE(weigh_epilogues(plan, tactics(), options).empty());
  EXPECT_EQ(plan.root.steps.size(), 1);
}

// What was measured decides against the estimates, also where a step has one candidate alone; the
// choice finds the times in the cache.
TEST(WeighEpilogues, MeasuredTimesDecide) {
  int kernels = 0;
  const KernelTimer timer = [&](const Plan& plan, int, bool) -> std::unique_ptr<TimedKernel> {
    struct Kernel : TimedKernel {
      double time;
      double run() override { return time; }
    };
    auto kernel = std::make_unique<Kernel>();
    kernel->time = plan.root.steps.at(0).choice.tactic == "whole" ? 20 : 15;
    ++kernels;
    return kernel;
  };
  TimingCache cache("device");
  Tuner tuner({10, false, 1}, cache, timer);
  TacticOptions options;
  options.tuner = &tuner;
  Plan plan = product();
  std::vector<std::string> requirements;
  const auto list = tactics();
  const auto choices = choose_tactics(plan, list, options, requirements);
  ASSERT_EQ(choices.size(), 1);
  EXPECT_EQ(plan.root.steps[0].choice.tactic, "whole");
  const Candidate& cut = choices[0].candidates.back();
  EXPECT_EQ(cut.measured_us, 30);
  EXPECT_EQ(cut.reason, "takes 1.50 times as long as whole with the whole epilogue");
  EXPECT_EQ(kernels, 3) << "the whole, the product with its sum, the rest";
}

TEST(SplitEpilogues, AsMuchAsAnyTacticTakes) {
  Plan plan = product();
  auto list = tactics();
  list.erase(list.begin());
  split_epilogues(plan, list, {});
  expect_cut_after_the_sum(plan);
}

}  // namespace
}  // namespace cermet
