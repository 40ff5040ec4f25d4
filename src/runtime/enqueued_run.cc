#include "runtime/enqueued_run.h"

#include <algorithm>

namespace cermet {
namespace {

// Of an input to the device, or from the device to an output.
bool copies_at_an_end(const Plan& plan, const Step& step) {
  const Buffer& from = plan.buffer(step.inputs[0]);
  const Buffer& to = plan.buffer(step.outputs[0]);
  return to.place == Place::device ? from.storage == Storage::input : to.storage == Storage::output;
}

bool needs_host(const Plan& plan, const ShapePlan& shapes, const RuntimeStep& step) {
  if (step.step->problem.kind == ProblemKind::copy) return !copies_at_an_end(plan, *step.step);
  if (step.step->place == Place::host) return true;
  return step.kernel != nullptr && shapes.bound[step.index] == nullptr;
}

}  // namespace

std::string find_host_step(const Engine::Impl& engine, const ShapePlan& shapes) {
  const Plan& plan = engine.plan();
  std::vector<BufferId> copied;
  for (const RuntimeStep& step : engine.root.steps) {
    if (needs_host(plan, shapes, step)) return fmt::format("step '{}'", step.step->name);
    if (step.step->problem.kind == ProblemKind::copy) copied.push_back(step.step->outputs[0]);
  }
  for (size_t i = 0; i < plan.root.outputs.size(); ++i) {
    const BufferId id = plan.root.outputs[i];
    const auto at = std::find(copied.begin(), copied.end(), id);
    // What comes twice has but one copy, and what is an input or a constant has none.
    if (at == copied.end() || !shapes.shapes[id])
      return fmt::format("the copy to output '{}'", plan.output_names[i]);
    copied.erase(at);
  }
  return {};
}

}  // namespace cermet
