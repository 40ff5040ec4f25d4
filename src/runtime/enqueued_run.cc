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

bool is_copy(const RuntimeStep& step) { return step.step->problem.kind == ProblemKind::copy; }

bool needs_host(const ShapePlan& shapes, const RuntimeStep& step) {
  if (is_copy(step)) return false;
  if (step.step->place == Place::host) return true;
  return step.kernel != nullptr && shapes.bound[step.index] == nullptr;
}

}  // namespace

std::string find_host_step(const Engine::Impl& engine, const ShapePlan& shapes) {
  const Plan& plan = engine.plan();
  for (const RuntimeStep& step : engine.root.steps)
    if (needs_host(shapes, step)) return fmt::format("step '{}'", step.step->name);
  std::vector<BufferId> copied;
  for (const RuntimeStep& step : engine.root.steps) {
    if (!is_copy(step)) continue;
    if (!copies_at_an_end(plan, *step.step)) return fmt::format("copy '{}'", step.step->name);
    copied.push_back(step.step->outputs[0]);
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
