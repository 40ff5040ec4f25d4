#include "tests/cuda/device_case.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "backends/cuda/build/lone_run.h"
#include "backends/cuda/build/tactics.h"
#include "base/error.h"
#include "expr/relayout.h"
#include "tactics/lone_step.h"
#include "tests/cuda/case_choice.h"

namespace cermet::testing {
namespace {

Layout layout_at(const std::vector<Layout>& layouts, size_t i) {
  return i < layouts.size() ? layouts[i] : Layout{};
}

// Every size but 1 and those of the list as a symbol, equal sizes as equal ones.
ValueType symbolic(ValueType type, const std::vector<int64_t>& fixed) {
  for (Dim& dim : *type.dims)
    if (!dim.is_constant(1) && !dim.is_constant(0) &&
        std::find(fixed.begin(), fixed.end(), dim.constant()) == fixed.end())
      dim = Dim::symbol(fmt::format("s{}", dim.constant()));
  return type;
}

// The step in a plan of its own. Operands that are constant keep their sizes.
Plan plan_of(const KernelCase& what, bool symbols, const std::vector<int64_t>& fixed) {
  Plan plan;
  Step step;
  step.name = what.problem.op;
  step.problem = what.problem;
  step.place = Place::device;
  const auto add = [&](std::optional<Operand>& operand, const Tensor* constant) {
    if (!operand) return no_buffer;
    if (symbols && constant == nullptr) operand->type = symbolic(operand->type, fixed);
    Buffer buffer;
    buffer.name = fmt::format("b{}", plan.buffers.size());
    buffer.type = operand->type;
    buffer.layout = operand->layout;
    buffer.place = Place::device;
    if (constant != nullptr) {
      buffer.storage = Storage::constant;
      buffer.constant = static_cast<int32_t>(plan.constants.size());
      plan.constants.push_back({*constant, {}, {}});
    }
    plan.buffers.push_back(buffer);
    return static_cast<BufferId>(plan.buffers.size() - 1);
  };
  for (size_t i = 0; i < what.inputs.size(); ++i)
    step.inputs.push_back(
        add(step.problem.inputs[i], i < what.constant.size() && what.constant[i] && what.inputs[i]
                                        ? &*what.inputs[i]
                                        : nullptr));
  for (auto& output : step.problem.outputs) step.outputs.push_back(add(output, nullptr));
  plan.root.steps.push_back(std::move(step));
  return plan;
}

std::vector<std::string> architectures_to_compile() {
  std::vector<std::string> list;
  const char* given = std::getenv("CERMET_COMPILE_FOR");
  std::stringstream stream(given != nullptr ? given : "");
  for (std::string word; std::getline(stream, word, ',');) list.push_back(word);
  return list;
}

TacticQuery query_of(const Plan& plan, std::string_view architecture) {
  return {&plan, plan.root.steps.data(), 1, false, architecture, true};
}

std::vector<std::string> configurations_of(const Plan& plan, const Tactic& tactic,
                                           std::string_view architecture) {
  if (tactic.configurations == nullptr) return {""};
  return tactic.configurations(query_of(plan, architecture));
}

// Whether a case that is only compiled has its turn: of all of them CERMET_COMPILE_PART=N lets one
// in N, and with symbols one in four of these; in pairs all that run on a card.
bool is_compiled(const Plan& plan, bool symbols) {
  const char* given = std::getenv("CERMET_COMPILE_PART");
  const uint64_t part =
      given != nullptr ? std::max<uint64_t>(1, std::strtoull(given, nullptr, 10)) : 1;
  if (is_thorough() || is_pairwise()) return true;
  return (hash_of(plan) >> 32) % (symbols ? 4 * part : part) == 0;
}

class CaseOnDevice {
 public:
  CaseOnDevice(const KernelCase& what, const Tactic& tactic, Tolerance tolerance,
               const std::vector<Tensor>& expected)
      : what_(what), tactic_(tactic), tolerance_(tolerance), expected_(expected) {
    for (const auto& input : what.inputs)
      shapes_.inputs.push_back(input ? std::optional(input->shape()) : std::nullopt);
    for (const Tensor& output : expected) shapes_.outputs.emplace_back(output.shape());
  }

  void run(const Plan& plan) {
    const std::string architecture = test_device()->card().architecture();
    const std::vector<std::string> all = configurations_of(plan, tactic_, architecture);
    const auto runs = [&](const std::string& text) { return run_if_offered(plan, text); };
    const std::vector<std::string> texts = picked(all, plan);
    // A library may not offer what was picked: then the first that it does.
    const bool done = std::count_if(texts.begin(), texts.end(), runs) > 0 ||
                      std::any_of(all.begin(), all.end(), runs);
    EXPECT_TRUE(done) << tactic_.name << " has no configuration that runs";
  }

  static void compile(const Plan& plan, const Tactic& tactic,
                      const std::vector<std::string>& architectures) {
    for (const std::string& architecture : architectures) {
      // Kernels that were chosen for a newer architecture are compiled for this one too, in engines
      // for several; of configurations those that all of them can launch.
      std::vector<std::string> all{architecture};
      const bool rejected = tactic.rejects(query_of(plan, architecture)).has_value();
      if (rejected) all.insert(all.begin(), "sm_89");
      const Tactic& offering = rejected ? cuda_tactic(tactic.name) : tactic;
      for (const std::string& configuration :
           picked(configurations_of(plan, offering, all.front()), plan)) {
        Plan lone = lone_step(plan, plan.root.steps[0], tactic, configuration, 1);
        cuda::compile_programs(lone, cuda::tactics(), all, test_compiler(), 1);
      }
    }
  }

 private:
  // A library of others may lack an algorithm for the case.
  bool run_if_offered(const Plan& plan, const std::string& configuration) {
    try {
      run(plan, configuration);
    } catch (const Error& error) {
      if (tactic_.library_version == nullptr || error.code() != ErrorCode::unsupported) throw;
      return false;
    }
    return true;
  }

  void run(const Plan& plan, const std::string& configuration) {
    SCOPED_TRACE(fmt::format("{} {} on {}", tactic_.name, configuration,
                             plan.root.steps[0].problem.to_string()));
    const Plan lone = lone_step(plan, plan.root.steps[0], tactic_, configuration, 1);
    cuda::LoneRun run(test_device(), test_compiler(), lone, shapes_);
    for (size_t i = 0; i < what_.inputs.size(); ++i)
      if (what_.inputs[i] && !(i < what_.constant.size() && what_.constant[i]))
        run.set_input(i, *what_.inputs[i]);
    const auto once = results(run), again = results(run);
    for (size_t i = 0; i < expected_.size(); ++i) {
      const Tensor got = relayout(*once[i], layout_at(what_.output_layouts, i), Layout{});
      expect_close(expected_[i], got, tolerance_, what_.problem.op);
      EXPECT_EQ(std::memcmp(once[i]->data(), again[i]->data(), once[i]->bytes()), 0)
          << "two runs of " << what_.problem.op << " differ";
    }
  }

  static std::vector<std::optional<Tensor>> results(cuda::LoneRun& run) {
    run.poison_outputs();
    run.run();
    return run.outputs();
  }

  const KernelCase& what_;
  const Tactic& tactic_;
  Tolerance tolerance_;
  const std::vector<Tensor>& expected_;
  TypicalShapes shapes_;
};

// The tactic, and the configuration where the test asks for one.
std::string property_of(const Tactic& tactic, const Plan& plan) {
  const auto configurations = configurations_of(plan, tactic, "sm_90a");
  return configurations.size() == 1 ? fmt::format("{} {}", tactic.name, configurations[0])
                                    : std::string(tactic.name);
}

}  // namespace

const cuda::DevicePointer& test_device() {
  static const cuda::DevicePointer device =
      cuda::Device::open(static_cast<int>(cuda::cards(cuda::Driver()).size()) - 1);
  return device;
}

cuda::Compiler& test_compiler() {
  static cuda::Compiler compiler;
  return compiler;
}

const Tactic& cuda_tactic(std::string_view name) {
  for (const Tactic& tactic : cuda::tactics())
    if (tactic.name == name) return tactic;
  fail(ErrorCode::internal, "no tactic {}", name);
}

std::string rejection(KernelCase what, const Tactic& tactic) {
  run_reference(what);
  return tactic.rejects(query_of(plan_of(what, false, {}), "sm_90a")).value_or("");
}

void expect_same_on_device(KernelCase what, const Tactic& tactic, Tolerance tolerance,
                           const std::vector<int64_t>& fixed) {
  const std::vector<Tensor> expected = run_reference(what);
  const std::vector<std::string> only_compile = architectures_to_compile();
  for (const bool symbols : {false, true}) {
    const Plan plan = plan_of(what, symbols, fixed);
    const auto reason = tactic.rejects(query_of(plan, "sm_90a"));
    if (reason && symbols) continue;
    ASSERT_FALSE(reason) << tactic.name << ": " << *reason;
    if (is_pairwise() && !brings_a_pair(plan, property_of(tactic, plan), symbols)) continue;
    if (only_compile.empty())
      CaseOnDevice(what, tactic, tolerance, expected).run(plan);
    else if (is_compiled(plan, symbols))
      CaseOnDevice::compile(plan, tactic, only_compile);
  }
}

std::vector<Tensor> run_on_device(KernelCase what, const Tactic& tactic,
                                  const std::vector<std::pair<ElementType, Shape>>& outputs) {
  TypicalShapes shapes;
  what.problem.inputs.clear();
  what.problem.outputs.clear();
  for (size_t i = 0; i < what.inputs.size(); ++i) {
    const Tensor& tensor = *what.inputs[i];
    const bool constant = i < what.constant.size() && what.constant[i];
    what.problem.inputs.emplace_back(
        Operand{ValueType::tensor(tensor.type(), to_dims(tensor.shape())),
                layout_at(what.layouts, i), constant});
    shapes.inputs.emplace_back(tensor.shape());
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    what.problem.outputs.emplace_back(
        Operand{ValueType::tensor(outputs[i].first, to_dims(outputs[i].second)),
                layout_at(what.output_layouts, i), false});
    shapes.outputs.emplace_back(outputs[i].second);
  }
  const Plan plan = plan_of(what, false, {});
  const std::string architecture = test_device()->card().architecture();
  const auto reason = tactic.rejects(query_of(plan, architecture));
  require(!reason, ErrorCode::unsupported, "{}: {}", tactic.name, reason.value_or(""));
  const Plan lone = lone_step(plan, plan.root.steps[0], tactic,
                              configurations_of(plan, tactic, architecture)[0], 1);
  cuda::LoneRun run(test_device(), test_compiler(), lone, shapes);
  for (size_t i = 0; i < what.inputs.size(); ++i)
    if (!what.problem.inputs[i]->constant) run.set_input(i, *what.inputs[i]);
  run.run();
  std::vector<Tensor> results;
  for (auto& output : run.outputs()) results.push_back(std::move(*output));
  return results;
}

}  // namespace cermet::testing
