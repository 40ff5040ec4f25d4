#include "tests/cuda/device_engine.h"

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

// Engines are loaded for the first card.
const Target& target() {
  static const Target target([] {
    BuildOptions options;
    options.device = "cuda";
    options.threads = 1;
    options.architectures = {cuda::cards(cuda::Driver()).at(0).architecture()};
    return options;
  }());
  return target;
}

TacticOptions tactic_options() {
  TacticOptions options;
  options.architecture = target().architectures().front();
  return options;
}

}  // namespace

Plan placed_plan(const Graph& optimised) {
  Plan plan = lower(optimised);
  place_steps(plan, target().tactics(), tactic_options());
  return plan;
}

std::shared_ptr<const Engine> engine_on_device(const Graph& optimised, const Graph& model) {
  Plan plan = placed_plan(optimised);
  TacticOptions options = tactic_options();
  arrange(plan, target().tactics(), options);
  Validator validator(model, target(), 1, ElementType::undefined);
  const auto passes_on_host = [&](Plan whole, Step here) {
    here.place = Place::host;
    for (Buffer& buffer : whole.buffers) buffer.layout = {};
    for (auto* operands : {&here.problem.inputs, &here.problem.outputs})
      for (auto& operand : *operands)
        if (operand) operand->layout = {};
    Validator fresh(model, target(), 1, ElementType::undefined);
    return fresh.validate(whole, here, target().tactics().back(), "").passed;
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
  choose_tactics(plan, target().tactics(), options, info.requirements);
  pack_constants(plan, target().tactics(), options);
  target().compile(plan);
  verify(plan);
  return Engine::from_memory(engine_bytes(plan, info));
}

std::vector<std::vector<Value>> run_three_times(const std::shared_ptr<const Engine>& engine,
                                                const std::vector<Value>& inputs) {
  ExecutionContext context(engine, {.threads = 1});
  for (size_t i = 0; i < inputs.size(); ++i)
    context.set_input(engine->inputs().at(i).name, inputs[i]);
  std::vector<std::vector<Value>> runs(3);
  for (std::vector<Value>& results : runs) {
    context.execute();
    for (const TensorInfo& output : engine->outputs())
      results.push_back(context.output_value(output.name));
  }
  return runs;
}

}  // namespace cermet::testing
