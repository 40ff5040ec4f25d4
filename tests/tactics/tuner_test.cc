#include "tactics/tuner.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace cermet {
namespace {

// Two tactics that can, one that can't, and one that takes everything.
std::optional<std::string> accepts(const TacticQuery&) { return std::nullopt; }
std::optional<std::string> refuses(const TacticQuery&) { return "never"; }
double ten(const TacticQuery&, std::string_view) { return 10; }
double twenty(const TacticQuery&, std::string_view) { return 20; }
std::vector<std::string> two(const TacticQuery&) { return {"x", "y"}; }

std::vector<Tactic> tactics() {
  Tactic first, second, third, last;
  first.name = "first";
  first.rejects = accepts;
  first.estimate = ten;
  second.name = "second";
  second.rejects = accepts;
  second.estimate = twenty;
  second.configurations = two;
  third.name = "third";
  third.rejects = refuses;
  last.name = "last";
  last.rejects = accepts;
  return {first, second, third, last};
}

Plan plan_of_one_step() {
  Plan plan;
  Step step;
  step.name = "step";
  step.problem.kind = ProblemKind::pointwise;
  step.problem.op = "Relu";
  for (const char* name : {"x", "y"}) {
    Buffer buffer;
    buffer.name = name;
    buffer.type = ValueType::tensor(ElementType::float32, to_dims({4}));
    plan.buffers.push_back(buffer);
  }
  step.problem.inputs = {Operand{plan.buffers[0].type, {}, false}};
  step.problem.outputs = {Operand{plan.buffers[1].type, {}, false}};
  step.inputs = {0};
  step.outputs = {1};
  plan.root.steps = {step, step};
  return plan;
}

// A machine on which each kernel takes as long as the test says.
struct Machine {
  std::map<std::string, double> times;  // by tactic and configuration; absent: can't be run
  int kernels = 0;

  KernelTimer timer() {
    return [this](const Plan& plan, int, bool) -> std::unique_ptr<TimedKernel> {
      const Choice& choice = plan.root.steps.at(0).choice;
      const auto time = times.find(choice.tactic + choice.configuration);
      require(time != times.end(), ErrorCode::unsupported, "no such kernel");
      ++kernels;
      struct Kernel : TimedKernel {
        double time;
        double run() override { return time; }
      };
      auto kernel = std::make_unique<Kernel>();
      kernel->time = time->second;
      return kernel;
    };
  }
};

std::vector<StepChoice> choose(Machine& machine, TimingCache& cache, TunerOptions options,
                               Plan& plan) {
  Tuner tuner(options, cache, machine.timer());
  static const std::vector<Tactic> list = tactics();
  std::vector<std::string> requirements;
  return choose_tactics(plan, list, {{}, options.threads, &tuner}, requirements);
}

TEST(Tuner, TheFastestIsChosenWhateverTheEstimates) {
  Machine machine{{{"first", 9}, {"secondx", 7}, {"secondy", 5}}};
  TimingCache cache("device");
  Plan plan = plan_of_one_step();
  const auto choices = choose(machine, cache, {10, false, 1}, plan);
  EXPECT_EQ(plan.root.steps[0].choice.tactic, "second");
  EXPECT_EQ(plan.root.steps[0].choice.configuration, "y");
  EXPECT_EQ(choices[0].candidates[0].reason, "takes 1.80 times as long as second y");
  EXPECT_EQ(choices[0].candidates[1].measured_us, 7);
  EXPECT_EQ(choices[0].candidates[4].measured_us, -1) << "the last one is never measured";
  EXPECT_EQ(machine.kernels, 3) << "the second step is the same problem";
}

TEST(Tuner, TiesGoToTheFirst) {
  Machine machine{{{"first", 9}, {"secondx", 8.9}, {"secondy", 8.95}}};
  TimingCache cache("device");
  Plan plan = plan_of_one_step();
  const auto choices = choose(machine, cache, {10, false, 1}, plan);
  EXPECT_EQ(plan.root.steps[0].choice.tactic, "first");
  EXPECT_EQ(choices[0].candidates[1].reason,
            "as fast as first within 2 %, which comes first in the list");
}

TEST(Tuner, WithoutTimeEstimatesDecide) {
  Machine machine{{{"first", 9}, {"secondx", 7}, {"secondy", 5}}};
  TimingCache cache("device");
  Plan plan = plan_of_one_step();
  choose(machine, cache, {0, false, 1}, plan);
  EXPECT_EQ(plan.root.steps[0].choice.tactic, "first");
  EXPECT_EQ(machine.kernels, 0);
}

TEST(Tuner, TheCacheReplacesMeasuring) {
  Machine machine{{{"first", 9}, {"secondx", 7}, {"secondy", 5}}};
  TimingCache cache("device");
  Plan plan = plan_of_one_step();
  choose(machine, cache, {10, false, 1}, plan);
  Machine broken;
  plan = plan_of_one_step();
  choose(broken, cache, {0, true, 1}, plan);
  EXPECT_EQ(plan.root.steps[1].choice.configuration, "y");
  try {
    choose(broken, cache, {0, true, 2}, plan);
    FAIL() << "two threads were never measured";
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("step 'step': the timing cache holds no time of first@1"),
              std::string::npos)
        << error.message();
  }
}

TEST(Tuner, AKernelThatCanNotBeRunLoses) {
  Machine machine{{{"secondx", 7}, {"secondy", 50}}};
  TimingCache cache("device");
  Plan plan = plan_of_one_step();
  const auto choices = choose(machine, cache, {10, false, 1}, plan);
  EXPECT_EQ(plan.root.steps[0].choice.configuration, "x");
  EXPECT_FALSE(choices[0].candidates[0].accepted);
  EXPECT_EQ(choices[0].candidates[0].reason, "no such kernel");
}

TEST(Tuner, FrozenTimingsKnowWhatCanNotBeRun) {
  Machine machine{{{"secondx", 7}, {"secondy", 50}}};
  TimingCache cache("device");
  Plan plan = plan_of_one_step();
  choose(machine, cache, {10, false, 1}, plan);
  Machine broken;
  plan = plan_of_one_step();
  const auto choices = choose(broken, cache, {0, true, 1}, plan);
  EXPECT_EQ(plan.root.steps[1].choice.configuration, "x");
  EXPECT_FALSE(choices[1].candidates[0].accepted);
}

TEST(Tuner, WithoutMemoryEstimatesDecide) {
  TimingCache cache("device");
  Tuner tuner({10, false, 1}, cache, [](const Plan&, int, bool) -> std::unique_ptr<TimedKernel> {
    fail(ErrorCode::out_of_memory, "no memory");
  });
  Plan plan = plan_of_one_step();
  const std::vector<Tactic> list = tactics();
  std::vector<std::string> requirements;
  const auto choices = choose_tactics(plan, list, {{}, 1, &tuner}, requirements);
  EXPECT_EQ(plan.root.steps[0].choice.tactic, "first");
  EXPECT_TRUE(choices[0].candidates[1].accepted);
  EXPECT_EQ(tuner.left_out(), 2);
  EXPECT_EQ(cache.size(), 0u);
}

TEST(Tuner, BudgetsBeyondAClockNeverEnd) {
  Machine machine;
  TimingCache cache("device");
  EXPECT_TRUE(Tuner({1e300, false, 1}, cache, machine.timer()).in_time());
}

// A step that the library does a little faster: only if that shows in the whole, and spares more
// than a moment, is it opened.
TEST(Tuner, ALibraryThatIsLeftClosedStaysSo) {
  Machine machine{{{"first", 20}, {"secondx", 19}, {"secondy", 18}, {"third", 17}}};
  TimingCache cache("device");
  Plan plan = plan_of_one_step();
  plan.root.steps.pop_back();
  Tuner tuner({10, false, 1}, cache, machine.timer());
  std::vector<Tactic> list = tactics();
  list[1].requirement = "library";
  list[2].requirement = "another";
  list[2].rejects = accepts;
  list[2].estimate = ten;
  std::vector<std::string> requirements;
  choose_tactics(plan, list, {{}, 1, &tuner}, requirements);
  EXPECT_EQ(plan.root.steps[0].choice.tactic, "first");
  EXPECT_EQ(requirements, std::vector<std::string>());
}

// "second" is a library's, of estimates that would make the others hopeless if they counted.
std::vector<Tactic> tactics_with_library() {
  std::vector<Tactic> list = tactics();
  list[0].estimate = [](const TacticQuery&, std::string_view) -> double { return 1000; };
  list[1].source = "library";
  list[1].library_version = []() -> int64_t { return 7; };
  return list;
}

TEST(Tuner, AYardstickIsMeasuredAndNotChosen) {
  Machine machine{{{"first", 9}, {"secondx", 7}, {"secondy", 5}}};
  TimingCache cache("device");
  Plan plan = plan_of_one_step();
  Tuner tuner({10, false, 1}, cache, machine.timer());
  TacticOptions options{{}, 1, &tuner};
  options.yardsticks = {"library"};
  std::vector<std::string> requirements;
  const std::vector<Tactic> list = tactics_with_library();
  const auto choices = choose_tactics(plan, list, options, requirements);
  EXPECT_EQ(plan.root.steps[0].choice.tactic, "first");
  const Candidate& other = choices[0].candidates[2];
  EXPECT_FALSE(other.allowed);
  EXPECT_TRUE(other.accepted);
  EXPECT_EQ(other.measured_us, 5);
  EXPECT_EQ(other.reason,
            "takes 0.56 times as long as first; only measured, its source is not among those to "
            "choose from");
  EXPECT_TRUE(choices[0].candidates[0].allowed);
  EXPECT_FALSE(takes(list[1], options.query(plan, plan.root.steps[0]), options));
}

TEST(Tuner, ALibrarysEstimatesKeepNoOtherFromBeingMeasured) {
  Machine machine{{{"first", 4}, {"secondx", 7}, {"secondy", 5}}};
  TimingCache cache("device");
  Plan plan = plan_of_one_step();
  Tuner tuner({10, false, 1}, cache, machine.timer());
  std::vector<std::string> requirements;
  choose_tactics(plan, tactics_with_library(), {{}, 1, &tuner}, requirements);
  EXPECT_EQ(plan.root.steps[0].choice.tactic, "first");
  EXPECT_EQ(machine.kernels, 3);
}

std::vector<std::string> twelve(const TacticQuery&) {
  return {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"};
}
double nineteen(const TacticQuery&, std::string_view text) { return text == "y" ? 19 : 21; }

// On a device ten candidates are measured: not twelve of one tactic, where another promises nearly
// as much.
TEST(Tuner, ATacticThatPromisesMuchIsMeasuredBesideManyOfAnother) {
  std::vector<Tactic> list = tactics();
  for (Tactic& tactic : list) tactic.place = Place::device;
  list[0].configurations = twelve;
  list[1].estimate = nineteen;
  Machine machine{{{"secondy", 5}}};
  for (const std::string& text : twelve({})) machine.times["first" + text] = 9;
  TimingCache cache("device");
  Plan plan = plan_of_one_step();
  for (Step& step : plan.root.steps) step.place = Place::device;
  Tuner tuner({10, false, 1}, cache, machine.timer());
  std::vector<std::string> requirements;
  const auto choices = choose_tactics(plan, list, {{}, 1, &tuner}, requirements);
  EXPECT_EQ(plan.root.steps[0].choice.tactic, "second");
  EXPECT_EQ(plan.root.steps[0].choice.configuration, "y");
  EXPECT_EQ(machine.kernels, 10);
  for (const Candidate& candidate : choices[0].candidates) {
    if (candidate.tactic != "first" || candidate.configuration <= "i") continue;
    EXPECT_EQ(candidate.unmeasured, "not measured: 10 others promise more");
  }
}

TEST(Tuner, ALibraryIsOpenedWhereItPays) {
  struct Case {
    double own, others;
    std::string reason;  // why the library stays closed
  };
  for (const Case& it :
       {Case{1100, 1000, ""},
        {1015, 1000,
         "takes 0.99 times as long as first; library would make the engine 30.0 us or "
         "1.50 % faster, which is not worth opening it"},
        {11, 10,
         "takes 0.91 times as long as first; library would make the engine 2.0 us or "
         "10.00 % faster, which is not worth opening it"}}) {
    const bool opened = it.reason.empty();
    Machine machine{{{"first", it.own}, {"secondx", it.others}, {"secondy", 3 * it.others}}};
    TimingCache cache("device");
    Tuner tuner({10, false, 1}, cache, machine.timer());
    std::vector<Tactic> list = tactics();
    list[1].requirement = "library";
    list[1].name = "second";
    Plan plan = plan_of_one_step();
    std::vector<std::string> requirements;
    // A tie would go to the first of the list.
    std::swap(list[0], list[1]);
    const auto choices = choose_tactics(plan, list, {{}, 1, &tuner}, requirements);
    EXPECT_EQ(plan.root.steps[0].choice.tactic, opened ? "second" : "first");
    EXPECT_EQ(requirements.size(), opened ? 1 : 0);
    EXPECT_EQ(choices[0].candidates[choices[0].winner].reason, "");
    EXPECT_EQ(choices[0].candidates[0].reason, it.reason);
  }
}

}  // namespace
}  // namespace cermet
