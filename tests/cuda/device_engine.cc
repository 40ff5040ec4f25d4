#include "tests/cuda/device_engine.h"

#include <map>

#include "backends/cuda/run/cards.h"
#include "base/error.h"
#include "builder/target.h"
#include "builder/validation.h"
#include "engine/writer.h"
#include "lower/lower.h"
#include "tactics/pack_constants.h"
#include "tactics/place_steps.h"
#include "tactics/plan_passes.h"

namespace cermet::testing {
namespace {

const Target& target(int card) {
  static std::map<int, Target> targets;
  if (const auto known = targets.find(card); known != targets.end()) return known->second;
  BuildOptions options;
  options.device = fmt::format("cuda:{}", card);
  options.threads = 1;
  options.architectures = {
      cuda::cards(cuda::Driver()).at(static_cast<size_t>(card)).architecture()};
  return targets.try_emplace(card, options).first->second;
}

TacticOptions tactic_options(const Target& target) {
  TacticOptions options;
  options.architecture = target.architectures().front();
  return options;
}

Plan placed_plan(const Graph& optimised, const Target& target) {
  Plan plan = lower(optimised);
  place_steps(plan, target.tactics(), tactic_options(target));
  return plan;
}

}  // namespace

Plan placed_plan(const Graph& optimised) { return placed_plan(optimised, target(0)); }

std::shared_ptr<const Engine> engine_on_device(const Graph& optimised, const Graph& model,
                                               int card) {
  const Target& target = testing::target(card);
  Plan plan = placed_plan(optimised, target);
  TacticOptions options = tactic_options(target);
  arrange(plan, target.tactics(), options);
  Validator validator(model, target, 1, ElementType::undefined);
  const auto passes_on_host = [&](Plan whole, Step here) {
    here.place = Place::host;
    for (Buffer& buffer : whole.buffers) buffer.layout = {};
    for (auto* operands : {&here.problem.inputs, &here.problem.outputs})
      for (auto& operand : *operands)
        if (operand) operand->layout = {};
    Validator fresh(model, target, 1, ElementType::undefined);
    return fresh.validate(whole, here, target.tactics().back(), "").passed;
  };
  options.validate = [&](const Plan& whole, const Step& step, const Tactic& tactic,
                         const std::string& configuration) {
    Validation found = validator.validate(whole, step, tactic, configuration);
    // Random models give names twice and compute values in two ways, which a validator does not
    // know: then it finds fault with the reference kernel too.
    if (!found.passed && step.place == Place::device) found.passed = !passes_on_host(whole, step);
    require(found.passed || step.place == Place::host, ErrorCode::internal, "step '{}': {} {}: {}",
            step.name, tactic.name, configuration, found.text);
    found.passed = true;
    return found;
  };
  EngineInfo info;
  info.version = CERMET_VERSION_STRING;
  choose_tactics(plan, target.tactics(), options, info.requirements);
  pack_constants(plan, target.tactics(), options);
  target.compile(plan);
  verify(plan);
  return Engine::from_memory(engine_bytes(plan, info), {.device = card});
}

std::vector<std::vector<Value>> run_often(const std::shared_ptr<const Engine>& engine,
                                          const std::vector<Value>& inputs, int times) {
  ExecutionContext context(engine, {.threads = 1});
  for (size_t i = 0; i < inputs.size(); ++i)
    context.set_input(engine->inputs().at(i).name, inputs[i]);
  std::vector<std::vector<Value>> runs(static_cast<size_t>(times));
  for (std::vector<Value>& results : runs) {
    context.execute();
    for (const TensorInfo& output : engine->outputs())
      results.push_back(context.output_value(output.name));
  }
  return runs;
}

std::vector<std::vector<Value>> run_three_times(const std::shared_ptr<const Engine>& engine,
                                                const std::vector<Value>& inputs) {
  return run_often(engine, inputs, 3);
}

}  // namespace cermet::testing
