// Runs the steps of a plan on concrete memory. One executor belongs to one context.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "base/thread_team.h"
#include "base/turns.h"
#include "runtime/auxiliary_streams.h"
#include "runtime/device_queue.h"
#include "runtime/engine_impl.h"
#include "runtime/kernel_faults.h"
#include "runtime/nvtx.h"
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
  // `queue`: for an engine that uses a device, else nullptr.
  Executor(const Engine::Impl& engine, ThreadTeam& team, DeviceQueue* queue = nullptr);

  // Makes `plan` the one that runs, with its arena at `arena`. The plan must outlive its use here.
  void activate(ShapePlan& plan, std::byte* arena, std::byte* device_arena = nullptr);
  // The active plan is about to go away.
  void forget_plan() { plan_ = nullptr; }
  void set_input(size_t index, const ConstTensorView& tensor);
  void set_input(size_t index, Value value);
  // A result that a copy brings from the device goes there at once; nullptr: to the arena.
  void set_output(size_t index, void* target) { targets_[index] = target; }
  // Runs all steps; `slice` of the batch counts the runs that together answer a caller. The turn is
  // passed between steps when it has been long enough.
  void run(Turn& turn, int64_t slice = 0);

  // Throws runtime naming the step for what kernels of the device found wrong with the data of runs
  // that are over.
  void check_faults() { faults_.check(); }

  const Slot& slot(BufferId id) const { return slots_[id]; }

  // Runs record the event in the queue behind the step at that place of the engine's root; nullptr:
  // none.
  void record_after(size_t step, cuda::CUevent event) { recorded_ = {step, event}; }
  // Branches of a segment may take so many streams beside the queue's own.
  void use_auxiliary_streams(size_t most) {
    if (queue_ != nullptr && most > 0) auxiliary_.emplace(*queue_, most);
  }
  // Whether an input at this address of the device is read there; else it is copied first.
  static bool is_read_in_place(const void* data);

  // `origin`: from which a device counts, alive as long as that is on.
  void profile_steps(bool on, const cuda::Event* origin = nullptr) {
    profiling_ = on;
    origin_ = origin;
  }
  // Of the last measured run: microseconds since the origin, or by the host's clock.
  double run_begin() const { return run_begin_; }
  // Steps are launched one by one, within ranges that a profiler shows.
  void show_steps();
  bool profiles_steps() const { return profiling_; }
  const std::vector<StepTime>& step_times() const { return times_; }

 private:
  friend class StepDynamicCall;

  void run_region(const RuntimeRegion& region);
  void run_body(const RuntimeRegion& body);
  void run_step(const RuntimeStep& step);
  void wait_for_device(const Step& step);
  void run_kernel(const RuntimeStep& step);
  void run_bound(const RuntimeStep& step, BoundKernel& kernel, void* workspace);
  void run_late_bound(const RuntimeStep& step);
  void run_view(const Step& step);
  void run_copy(const Step& step);
  void* copy_target(BufferId id);
  // Steps first to last of a region, which the device runs without a decision of the host.
  struct Segment {
    size_t first = 0, last = 0;
  };
  void run_segment(const RuntimeRegion& region, const Segment& segment);
  SegmentGraph capture_segment(const RuntimeRegion& region, const Segment& segment);
  // With branches that don't need each other side by side; nothing where there are none.
  std::optional<cuda::Graph> capture_branches(const RuntimeRegion& region, const Segment& segment);
  std::optional<LaunchMemory> memory_of(const RuntimeStep& step) const;
  void run_on_device(const RuntimeRegion& region, const Segment& segment, bool launches);
  bool is_of_device(const RuntimeStep& step) const;
  SegmentGraphs::Addresses addresses_of(const RuntimeRegion& region, const Segment& segment) const;
  // A step that only puts work into the queue.
  static bool is_queued(const RuntimeStep& step);
  // With the time of each step: what is queued by the device's clock, the rest by the host's.
  void time_step(const RuntimeStep& step);
  void time_queued_step(const RuntimeStep& step, bool captured);
  void time_segment(const RuntimeRegion& region, const Segment& segment);
  void begin_marks();
  void read_marks();
  void run_reshape(const Step& step);
  void run_parts(const Step& step);
  size_t alias_offset(BufferId id, const Shape& within) const;
  void check_whole(const Step& step) const;
  void run_dims(const Step& step);
  void run_branch(const RuntimeStep& step);
  void run_loop(const RuntimeStep& step);
  void run_scan(const RuntimeStep& step);

  ElementType element(BufferId id) const { return engine_.plan().buffer(id).type.element; }
  ConstTensorView tensor(BufferId id) const { return slots_[id].view(element(id)); }
  bool is_constant(BufferId id) const {
    return engine_.plan().buffer(id).storage == Storage::constant;
  }
  Place place(BufferId id) const { return engine_.plan().buffer(id).place; }
  const std::optional<size_t>& offset(BufferId id) const {
    return plan_->memory_of(place(id)).offsets[id];
  }
  std::byte* arena(Place place) const { return place == Place::host ? arena_ : device_arena_; }
  bool placed(BufferId id) const { return offset(id).has_value(); }
  // Lies where the plan for these shapes has checked that it may.
  bool in_place(BufferId id) const {
    return placed(id) && slots_[id].data == arena(place(id)) + *offset(id);
  }
  // Memory for a buffer: its place in the arena, or a tensor of its own.
  void* allocate(BufferId id, const Shape& shape);
  // The buffer takes a value that outlives the present step: memory of its own is shared, the
  // arena's and the caller's copied. Both are in the same place.
  void assign(BufferId to, const Value& value);
  Value keep(BufferId from);
  Tensor tensor_in(Place place, ElementType type, const Shape& shape);
  Value stacked(BufferId from, const std::vector<Value>& slices, int64_t axis, bool backward);
  Value slice_of(BufferId from, int64_t axis, int64_t at);
  void copy_piece(Place place, const ConstTensorView& from, int64_t from_at, const TensorView& to,
                  int64_t to_at, int64_t elements);
  void define_symbols(BufferId id);
  Shape evaluate_shape(BufferId id) const;

  const Engine::Impl& engine_;
  ThreadTeam& team_;
  Turn* turn_ = nullptr;  // during a run
  ShapePlan* plan_ = nullptr;
  std::byte* arena_ = nullptr;
  DeviceQueue* queue_ = nullptr;
  std::optional<AuxiliaryStreams> auxiliary_;
  std::byte* device_arena_ = nullptr;
  KernelFaults faults_;
  std::vector<void*> targets_;  // by output
  std::vector<Slot> slots_;
  SymbolValues symbols_;               // of inputs and data
  std::vector<bool> defines_symbols_;  // by buffer: a dimension is a symbol of data
  struct LateBound {
    std::vector<std::optional<Shape>> inputs, outputs;
    std::unique_ptr<BoundKernel> kernel;
    std::vector<std::byte> workspace;
    std::shared_ptr<cuda::DeviceMemory> device_workspace;
  };
  std::vector<LateBound> late_;  // by step
  std::vector<const void*> input_pointers_;
  std::vector<void*> output_pointers_;
  // What the caller wants to know of the run that is under way.
  struct RecordedStep {
    size_t step = 0;
    cuda::CUevent event = nullptr;
  };
  RecordedStep recorded_;
  void record_if_wanted(const RuntimeRegion& region, size_t step);
  Segment segment_from(const RuntimeRegion& region, size_t first) const;

  const Nvtx* nvtx_ = nullptr;
  std::vector<std::string> titles_;  // by step, where ranges are shown
  bool profiling_ = false;
  const cuda::Event* origin_ = nullptr;
  double run_begin_ = 0;
  std::vector<StepTime> times_;
  // Entries of times_ that the marks of the queue tell.
  struct MarkedTime {
    size_t time = 0, from = 0, to = 0;
  };
  std::vector<MarkedTime> marked_;
  std::vector<cuda::Graph> timed_graphs_;        // of the run that is under way
  bool overlaps_ = true;                         // Call::overlaps of what is captured
  std::chrono::steady_clock::time_point begin_;  // of the last run
};

}  // namespace cermet
