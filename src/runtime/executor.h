// Runs the steps of a plan on concrete memory. One executor belongs to one context.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "base/thread_team.h"
#include "base/turns.h"
#include "runtime/engine_impl.h"
#include "runtime/shape_plan.h"

namespace cermet {

// Where a buffer's value is during a run.
struct Slot {
  const void* data = nullptr;
  Shape shape;
  Value value;  // owns the value when it has no place in the arena; sequences live here only

  ConstTensorView view(ElementType type) const { return {type, shape, data}; }
};

class Executor {
 public:
  Executor(const Engine::Impl& engine, ThreadTeam& team);

  // Makes `plan` the one that runs, with its arena at `arena`. The plan must outlive its use here.
  void activate(ShapePlan& plan, std::byte* arena);
  // The active plan is about to go away.
  void forget_plan() { plan_ = nullptr; }
  void set_input(size_t index, const ConstTensorView& tensor);
  void set_input(size_t index, Value value);
  // Runs all steps; `slice` of the batch counts the runs that together answer a caller. The turn is
  // passed between steps when it has been long enough.
  void run(Turn& turn, int64_t slice = 0);

  const Slot& slot(BufferId id) const { return slots_[id]; }

  void profile_steps(bool on) { profiling_ = on; }
  const std::vector<StepTime>& step_times() const { return times_; }

 private:
  friend class StepDynamicCall;

  void run_region(const RuntimeRegion& region);
  void run_step(const RuntimeStep& step);
  void run_kernel(const RuntimeStep& step);
  void run_bound(const RuntimeStep& step, BoundKernel& kernel, void* workspace);
  void run_late_bound(const RuntimeStep& step);
  void run_view(const Step& step);
  void run_reshape(const Step& step);
  void run_parts(const Step& step);
  void check_whole(const Step& step) const;
  void run_dims(const Step& step);
  void run_branch(const RuntimeStep& step);
  void run_loop(const RuntimeStep& step);
  void run_scan(const RuntimeStep& step);

  ElementType element(BufferId id) const { return engine_.plan().buffer(id).type.element; }
  ConstTensorView tensor(BufferId id) const { return slots_[id].view(element(id)); }
  bool placed(BufferId id) const { return plan_->memory.offsets[id].has_value(); }
  // Lies where the plan for these shapes has checked that it may.
  bool in_place(BufferId id) const {
    return placed(id) && slots_[id].data == arena_ + *plan_->memory.offsets[id];
  }
  // Memory for a buffer: its place in the arena, or a tensor of its own.
  void* allocate(BufferId id, const Shape& shape);
  // The buffer takes a value that outlives the present step: memory of its own is shared, the
  // arena's and the caller's copied.
  void assign(BufferId to, const Value& value);
  Value keep(BufferId from) const;
  void define_symbols(BufferId id);
  Shape evaluate_shape(BufferId id) const;

  const Engine::Impl& engine_;
  ThreadTeam& team_;
  Turn* turn_ = nullptr;  // during a run
  ShapePlan* plan_ = nullptr;
  std::byte* arena_ = nullptr;
  std::vector<Slot> slots_;
  SymbolValues symbols_;               // of inputs and data
  std::vector<bool> defines_symbols_;  // by buffer: a dimension is a symbol of data
  struct LateBound {
    std::vector<std::optional<Shape>> inputs, outputs;
    std::unique_ptr<BoundKernel> kernel;
    std::vector<std::byte> workspace;
  };
  std::vector<LateBound> late_;  // by step
  std::vector<const void*> input_pointers_;
  std::vector<void*> output_pointers_;
  bool profiling_ = false;
  std::vector<StepTime> times_;
  std::chrono::steady_clock::time_point begin_;  // of the last run
};

}  // namespace cermet
