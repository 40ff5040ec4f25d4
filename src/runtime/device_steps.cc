// Copies between host and device, and steps of the device as segments.
#include <algorithm>

#include "base/error.h"
#include "runtime/executor.h"

namespace cermet {

// Where a copy's result goes: an output's own memory if the caller gave any.
void* Executor::copy_target(BufferId id) {
  const std::vector<BufferId>& outputs = engine_.plan().root.outputs;
  if (engine_.plan().buffer(id).storage == Storage::output)
    for (size_t i = 0; i < outputs.size(); ++i)
      if (outputs[i] == id && targets_[i] != nullptr) return targets_[i];
  return allocate(id, slots_[id].shape);
}

bool Executor::is_read_in_place(const void* data) {
  constexpr uintptr_t alignment = 16;  // that kernels count on
  return reinterpret_cast<uintptr_t>(data) % alignment == 0;
}

void Executor::run_copy(const Step& step) {
  const BufferId from = step.inputs[0], to = step.outputs[0];
  Slot& slot = slots_[to];
  slot.shape = slots_[from].shape;
  const size_t bytes = byte_size(element(from), element_count(slot.shape));
  const void* const source = slots_[from].data;
  const cuda::Device& device = *queue_->device();
  if (place(to) == Place::device) {
    const bool there = place(from) == Place::host && bytes > 0 &&
                       engine_.plan().buffer(from).storage == Storage::input && device.owns(source);
    if (there && is_read_in_place(source)) {
      slot.data = source;
      slot.value = Value();
      return;
    }
    void* const target = allocate(to, slot.shape);
    slot.data = target;
    if (there)
      queue_->copy(target, source, bytes);
    else
      queue_->copy_in(target, source, bytes);
    return;
  }
  void* const target = copy_target(to);
  slot.data = target;
  if (device.owns(target))
    queue_->copy(target, source, bytes);
  else
    queue_->copy_out(target, source, bytes);
}

// A kernel that is bound to its shapes, or a view of what is on the device.
bool Executor::is_of_device(const RuntimeStep& step) const {
  if (step.step->place != Place::device) return false;
  return step.kernel == nullptr || plan_->bound[step.index] != nullptr;
}

SegmentGraphs::Addresses Executor::addresses_of(const RuntimeRegion& region,
                                                const Segment& segment) const {
  SegmentGraphs::Addresses addresses = {device_arena_};
  for (size_t i = segment.first; i <= segment.last; ++i) {
    const Step& step = *region.steps[i].step;
    for (const auto* ids : {&step.inputs, &step.outputs})
      for (BufferId id : *ids)
        if (id != no_buffer && !is_constant(id) && !in_place(id))
          addresses.push_back(slots_[id].data);
  }
  return addresses;
}

// Views are looked up each time, as what comes after them reads where they are.
void Executor::run_on_device(const RuntimeRegion& region, const Segment& segment, bool launches) {
  for (size_t i = segment.first; i <= segment.last; ++i) {
    const RuntimeStep& step = region.steps[i];
    if (launches || step.kernel == nullptr) run_step(step);
  }
}

// What else writes is the same memory or another arena. Nothing where a result has no place yet.
std::optional<LaunchMemory> Executor::memory_of(const RuntimeStep& step) const {
  LaunchMemory memory;
  const auto piece = [&](BufferId id, const void* data) {
    return piece_of(data, element(id), slots_[id].shape, engine_.plan().buffer(id).layout);
  };
  for (BufferId id : step.step->inputs)
    if (id != no_buffer && !is_constant(id)) memory.reads.push_back(piece(id, slots_[id].data));
  for (BufferId id : step.step->outputs) {
    if (id == no_buffer) continue;
    if (!placed(id)) return std::nullopt;
    memory.writes.push_back(piece(id, device_arena_ + *offset(id)));
  }
  const size_t workspace = plan_->bound[step.index]->workspace_bytes();
  if (workspace > 0)
    memory.writes.push_back(
        piece_of(device_arena_ + plan_->device_memory.workspace_offsets[step.index], workspace));
  return memory;
}

std::optional<cuda::Graph> Executor::capture_branches(const RuntimeRegion& region,
                                                      const Segment& segment) {
  if (!auxiliary_) return std::nullopt;
  std::vector<const RuntimeStep*> steps;
  std::vector<LaunchMemory> memory;
  for (size_t i = segment.first; i <= segment.last; ++i) {
    if (region.steps[i].kernel == nullptr) continue;
    steps.push_back(&region.steps[i]);
    auto touched = memory_of(region.steps[i]);
    if (!touched) return std::nullopt;
    memory.push_back(std::move(*touched));
  }
  const StreamedLaunches launches = deal_out(LaunchOrder(memory), auxiliary_->most());
  if (launches.streams == 1) return std::nullopt;
  return auxiliary_->capture(launches, [&](size_t i, bool overlaps) {
    overlaps_ = overlaps;
    run_step(*steps[i]);
  });
}

SegmentGraph Executor::capture_segment(const RuntimeRegion& region, const Segment& segment) {
  const auto capture = [&](bool overlaps) {
    overlaps_ = overlaps;
    return queue_->capture([&] { run_on_device(region, segment, true); });
  };
  std::vector<cuda::Graph> ways;
  if (queue_->device()->overlaps_kernels()) ways.push_back(capture(true));
  ways.push_back(capture(false));
  if (auto branches = capture_branches(region, segment)) ways.push_back(std::move(*branches));
  return SegmentGraph(std::move(ways));
}

void Executor::run_segment(const RuntimeRegion& region, const Segment& segment) {
  constexpr size_t fewest = 2;  // steps that are worth a graph
  const auto kernels = static_cast<size_t>(
      std::count_if(region.steps.begin() + static_cast<std::ptrdiff_t>(segment.first),
                    region.steps.begin() + static_cast<std::ptrdiff_t>(segment.last) + 1,
                    [](const RuntimeStep& step) { return step.kernel != nullptr; }));
  overlaps_ = true;
  if (kernels < fewest || nvtx_ != nullptr) return run_on_device(region, segment, true);
  run_on_device(region, segment, false);
  SegmentGraphs::Addresses addresses = addresses_of(region, segment);
  SegmentGraphs& graphs = plan_->graphs[region.steps[segment.first].index];
  SegmentGraph* graph = graphs.find(addresses);
  if (graph == nullptr) {
    if (!graphs.seen(addresses)) return run_on_device(region, segment, true);
    graphs.add(addresses, capture_segment(region, segment));
    graph = graphs.find(addresses);
  }
  graph->launch(*queue_);
}

bool Executor::is_queued(const RuntimeStep& step) {
  return step.step->place == Place::device || step.step->problem.kind == ProblemKind::copy;
}

// The first mark is where the run begins.
void Executor::begin_marks() {
  marked_.clear();
  timed_graphs_.clear();  // of a run that failed
  queue_->clear_marks();
  queue_->mark(false);
}

void Executor::time_queued_step(const RuntimeStep& step, bool captured) {
  const size_t from = queue_->mark(captured);
  run_step(step);
  marked_.push_back({times_.size(), from, queue_->mark(captured)});
  times_.push_back({step.index, 0, 0});
}

// As a graph, in which kernels follow each other as closely as in a run that is not timed; given to
// the stream one by one, short kernels would wait for the host, and that would count as theirs. So
// it is done where the driver does not capture events.
void Executor::time_segment(const RuntimeRegion& region, const Segment& segment) {
  const size_t times = times_.size(), marked = marked_.size();
  const auto time_steps = [&](bool captured) {
    for (size_t i = segment.first; i <= segment.last; ++i)
      time_queued_step(region.steps[i], captured);
  };
  run_on_device(region, segment, false);
  try {
    timed_graphs_.push_back(queue_->capture([&] { time_steps(true); }));
  } catch (const Error&) {
    times_.resize(times);
    marked_.resize(marked);
    return time_steps(false);
  }
  queue_->launch(timed_graphs_.back());
}

void Executor::read_marks() {
  queue_->wait();
  for (const MarkedTime& marked : marked_) {
    times_[marked.time].microseconds = queue_->microseconds_between(marked.from, marked.to);
    times_[marked.time].begin = queue_->microseconds_between(0, marked.from);
  }
  if (origin_ != nullptr) run_begin_ = queue_->microseconds_since(*origin_, 0);
  timed_graphs_.clear();
}

}  // namespace cermet
