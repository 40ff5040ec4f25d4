#include "builder/plan_names.h"

namespace cermet {
namespace {

// Steps that hand their operand on under another layout, to memory of its own or in another place.
bool only_copies(const Step& step) {
  if (step.problem.kind == ProblemKind::copy) return true;
  return step.problem.domain.empty() && step.problem.op == "Identity" && step.inputs.size() == 1 &&
         !step.problem.has_epilogue();
}

}  // namespace

PlanNames::PlanNames(const OriginalGraph& original, const Plan& plan) : original_(&original) {
  SizeScan sizes(plan);
  collect(plan, plan.root, OriginalGraph::outermost, sizes);
}

void PlanNames::collect(const Plan& plan, const Region& region, OriginalGraph::Scope scope,
                        SizeScan& sizes) {
  sizes.enter(region);
  for (BufferId id : region.inputs) homes_.emplace(id, Home{scope});  // what is captured has one
  for (const Step& step : region.steps) {
    const Home home{scope, original_->home_of(step.origin)};
    for (size_t i = 0; i < step.outputs.size(); ++i) {
      if (step.outputs[i] == no_buffer) continue;
      producers_[step.outputs[i]] = {&step, i};
      homes_[step.outputs[i]] = home;
    }
    for (size_t i = 0; i < step.regions.size(); ++i)
      collect(plan, step.regions[i], original_->body(scope, plan, step, i), sizes);
    if (sizes.visit(step)) defining_.insert(&step);
    if (!only_copies(step)) continue;
    copied_from_.emplace(step.outputs[0], step.inputs[0]);
    copied_to_.emplace(step.inputs[0], step.outputs[0]);
  }
}

ValueId PlanNames::by_name(const Plan& plan, BufferId id) const {
  const auto home = homes_.find(id);
  if (home == homes_.end()) return no_value;
  const Buffer& buffer = plan.buffer(id);
  const ValueId value = original_->find(buffer.name, buffer.type, home->second.region);
  return value != no_value ? value : original_->find(buffer.name, buffer.type, home->second.nodes);
}

ValueId PlanNames::original_of(const Plan& plan, BufferId id) const {
  for (const auto* copies : {&copied_from_, &copied_to_})
    for (BufferId at = id;;) {
      if (const ValueId value = by_name(plan, at); value != no_value) return value;
      const auto next = copies->find(at);
      if (next == copies->end()) break;
      at = next->second;
    }
  return no_value;
}

const PlanNames::Producer* PlanNames::producer(BufferId id) const {
  const auto found = producers_.find(id);
  return found == producers_.end() ? nullptr : &found->second;
}

}  // namespace cermet
