#include "cermet/execution_plan.h"

#include <algorithm>

#include "plan/memory_planner.h"
#include "runtime/at_run_time.h"
#include "runtime/shape_plan.h"
#include "runtime/step_work.h"

namespace cermet {
namespace {

// Constants' shapes are those of what they stand for, however they are packed; their bytes are
// those that lie in the engine.
size_t bytes_of(const Plan& plan, const Buffer& buffer, const std::optional<Shape>& shape) {
  if (buffer.storage == Storage::constant) return plan.constants[buffer.constant].tensor.bytes();
  return shape && buffer.type.is_tensor() ? byte_size(buffer.type.element, *shape, buffer.layout)
                                          : 0;
}

std::vector<PlannedTensor> tensors_of(const Plan& plan, const ShapePlan& shapes) {
  const std::vector<Lifetime> lives = lifetimes(plan);
  std::vector<PlannedTensor> tensors;
  for (size_t id = 0; id < plan.buffers.size(); ++id) {
    const Buffer& buffer = plan.buffers[id];
    PlannedTensor tensor;
    tensor.name = buffer.name;
    tensor.storage = name(buffer.storage);
    tensor.kind = buffer.type.kind;
    tensor.type = buffer.type.element;
    tensor.shape = shapes.shapes[id];
    tensor.layout = buffer.layout.to_string();
    tensor.bytes = bytes_of(plan, buffer, tensor.shape);
    tensor.alias = buffer.alias;
    tensor.place = name(buffer.place);
    tensor.offset = shapes.memory_of(buffer.place).offsets[id];
    tensor.first_step = lives[id].first;
    tensor.last_step = lives[id].last;
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

std::vector<int> present(const std::vector<BufferId>& ids) {
  std::vector<int> result;
  std::copy_if(ids.begin(), ids.end(), std::back_inserter(result),
               [](BufferId id) { return id != no_buffer; });
  return result;
}

PlannedStep planned_step(const Plan& plan, const ShapePlan& shapes, const Step& step,
                         size_t index) {
  PlannedStep planned;
  planned.inputs = present(step.inputs);
  planned.outputs = present(step.outputs);
  planned.workspace_bytes = shapes.bound[index] ? shapes.bound[index]->workspace_bytes() : 0;
  if (planned.workspace_bytes > 0)
    planned.workspace_offset = shapes.memory_of(step.place).workspace_offsets[index];
  planned.operations = operations_of(step, shapes.shapes);
  planned.bytes = bytes_of(plan, step, shapes.shapes);
  planned.arithmetic = arithmetic_of(step);
  planned.multiplies = multiplies(step);
  if (planned.operations) *planned.operations *= static_cast<double>(shapes.slices);
  if (planned.bytes) *planned.bytes *= static_cast<double>(shapes.slices);
  return planned;
}

// In the order of for_each_step.
void add_steps(const Plan& plan, const ShapePlan& shapes, const Region& region, bool repeats,
               std::vector<PlannedStep>& into) {
  for (const Step& step : region.steps) {
    into.push_back(planned_step(plan, shapes, step, into.size()));
    into.back().repeats = repeats;
    for (const Region& body : step.regions)
      add_steps(plan, shapes, body, repeats || step.problem.kind != ProblemKind::branch, into);
  }
}

std::vector<PlannedStep> steps_of(const Plan& plan, const ShapePlan& shapes) {
  std::vector<PlannedStep> steps;
  add_steps(plan, shapes, plan.root, false, steps);
  return steps;
}

}  // namespace

ExecutionPlan Engine::execution_plan(const InputShapes& shapes, int threads) const {
  const auto planned = at_run_time([&] {
    ThreadTeam team(threads);
    return make_shape_plan(*impl_, ordered_shapes(*impl_, shapes), team);
  });
  return {tensors_of(impl_->plan(), *planned), steps_of(impl_->plan(), *planned),
          planned->memory.arena_bytes, planned->slices, planned->device_memory.arena_bytes};
}

}  // namespace cermet
