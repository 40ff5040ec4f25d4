#include "runtime/executor.h"

#include <chrono>
#include <cstring>

#include "base/error.h"
#include "ops/evaluate.ref.h"
#include "runtime/check_step.h"

namespace cermet {
// Operands of a dynamic kernel: values where they are, results where the plan wants them.
class StepDynamicCall : public DynamicCall {
 public:
  StepDynamicCall(Executor& executor, const Step& step) : executor_(executor), step_(step) {}

  std::vector<std::optional<Input>> inputs() const override {
    std::vector<std::optional<Input>> result;
    for (BufferId id : step_.inputs) {
      if (id == no_buffer)
        result.emplace_back(std::nullopt);
      else if (executor_.engine_.plan().buffer(id).type.is_tensor())
        result.emplace_back(executor_.tensor(id));
      else
        result.emplace_back(&executor_.slots_[id].value);
    }
    return result;
  }

  bool wants_output(size_t i) const override {
    return i < step_.outputs.size() && step_.outputs[i] != no_buffer;
  }

  TensorView allocate(size_t i, ElementType type, const Shape& shape) override {
    const BufferId id = step_.outputs.at(i);
    require(type == executor_.element(id), ErrorCode::invalid_engine,
            "output {} is {}, its kernel makes {}", i, name(executor_.element(id)), name(type));
    return {type, shape, executor_.allocate(id, shape)};
  }

  void set_output(size_t i, Value value) override {
    Slot& slot = executor_.slots_[step_.outputs.at(i)];
    slot.value = std::move(value);
    slot.data = nullptr;
  }

  ThreadTeam& team() override { return executor_.team_; }

 private:
  Executor& executor_;
  const Step& step_;
};

Executor::Executor(const Engine::Impl& engine, ThreadTeam& team, DeviceQueue* queue)
    : engine_(engine),
      team_(team),
      queue_(queue),
      faults_(engine),
      targets_(engine.plan().root.outputs.size(), nullptr),
      late_(engine.kernels.size()) {
  const Plan& plan = engine.plan();
  slots_.resize(plan.buffers.size());
  defines_symbols_.resize(plan.buffers.size());
  size_t most = 0;
  for_each_step(plan.root.steps, [&](const Step& step) {
    most = std::max({most, step.inputs.size(), step.outputs.size()});
  });
  input_pointers_.resize(most);
  output_pointers_.resize(most);
  for (size_t id = 0; id < slots_.size(); ++id) {
    const Buffer& buffer = plan.buffers[id];
    if (buffer.type.dims)
      for (const Dim& dim : *buffer.type.dims)
        defines_symbols_[id] = defines_symbols_[id] || dim.is_data_symbol();
    if (buffer.storage != Storage::constant) continue;
    const Tensor& tensor = plan.constants[buffer.constant].tensor;
    slots_[id].shape = tensor.shape();
    if (buffer.place == Place::device) {
      slots_[id].data = engine.device->constant(buffer.constant);
      continue;
    }
    slots_[id].data = tensor.data();
    slots_[id].value = Value(tensor);
  }
}

void Executor::activate(ShapePlan& plan, std::byte* arena, std::byte* device_arena) {
  symbols_ = plan.symbols;
  if (plan_ == &plan && arena_ == arena && device_arena_ == device_arena) return;
  plan_ = &plan;
  arena_ = arena;
  device_arena_ = device_arena;
  for (size_t id = 0; id < slots_.size(); ++id) {
    if (engine_.plan().buffers[id].storage == Storage::constant) continue;
    if (plan.shapes[id]) slots_[id].shape = *plan.shapes[id];
    const auto buffer = static_cast<BufferId>(id);
    if (placed(buffer)) slots_[id].data = this->arena(place(buffer)) + *offset(buffer);
  }
}

void Executor::set_input(size_t index, const ConstTensorView& tensor) {
  Slot& slot = slots_[engine_.plan().root.inputs[index]];
  slot.data = tensor.data;
  slot.shape = tensor.shape;
  slot.value = Value();
}

void Executor::set_input(size_t index, Value value) {
  Slot& slot = slots_[engine_.plan().root.inputs[index]];
  slot.value = std::move(value);
  slot.data = slot.value.tensor.data();
  slot.shape = slot.value.tensor.shape();
}

void Executor::run(Turn& turn, int64_t slice) {
  turn_ = &turn;
  if (slice == 0) {
    times_.clear();
    if (profiling_ && queue_ != nullptr) begin_marks();
    begin_ = std::chrono::steady_clock::now();
    run_begin_ = std::chrono::duration<double, std::micro>(begin_.time_since_epoch()).count();
  }
  const NvtxRange range(nvtx_, "cermet run");
  run_region(engine_.root);
  if (profiling_ && queue_ != nullptr) read_marks();
}

void Executor::run_region(const RuntimeRegion& region) {
  for (size_t i = 0; i < region.steps.size(); ++i) {
    const RuntimeStep& step = region.steps[i];
    if (queue_ != nullptr && is_of_device(step)) {
      const Segment segment = segment_from(region, i);
      if (profiling_)
        time_segment(region, segment);
      else
        run_segment(region, segment);
      i = segment.last;
      record_if_wanted(region, i);
      continue;
    }
    if (turn_->is_over()) {
      team_.rest();
      turn_->pass();
    }
    if (profiling_)
      time_step(step);
    else
      run_step(step);
    record_if_wanted(region, i);
  }
}

// Ends before what the host decides, and where an event is wanted.
Executor::Segment Executor::segment_from(const RuntimeRegion& region, size_t first) const {
  Segment segment{first, first};
  const auto ends = [&](size_t at) {
    return recorded_.event != nullptr && &region == &engine_.root && recorded_.step == at;
  };
  while (segment.last + 1 < region.steps.size() && !ends(segment.last) &&
         is_of_device(region.steps[segment.last + 1]))
    ++segment.last;
  return segment;
}

void Executor::record_if_wanted(const RuntimeRegion& region, size_t step) {
  if (recorded_.event != nullptr && &region == &engine_.root && recorded_.step == step)
    queue_->record(recorded_.event);
}

void Executor::time_step(const RuntimeStep& step) {
  if (queue_ != nullptr && is_queued(step)) return time_queued_step(step, false);
  // What the device still does is not the step's.
  if (queue_ != nullptr) queue_->wait();
  const auto start = std::chrono::steady_clock::now();
  run_step(step);
  const std::chrono::duration<double, std::micro> spent = std::chrono::steady_clock::now() - start;
  const std::chrono::duration<double, std::micro> before = start - begin_;
  times_.push_back({step.index, spent.count(), before.count()});
}

// What the host reads has to be there, and what it writes over has to be read by then.
void Executor::wait_for_device(const Step& step) {
  const ProblemKind kind = step.problem.kind;
  const bool touches_memory = kind != ProblemKind::view && kind != ProblemKind::copy;
  if (queue_ == nullptr || step.place != Place::host || !touches_memory) return;
  if (queue_->wait_for_copies()) check_faults();
}

void Executor::show_steps() {
  nvtx_ = Nvtx::of_process();
  if (nvtx_ == nullptr) return;
  for_each_step(engine_.plan().root.steps, [&](const Step& step) {
    titles_.push_back(step.origin.empty() ? step.name
                                          : fmt::format("{}", fmt::join(step.origin, " + ")));
  });
}

void Executor::run_step(const RuntimeStep& step) {
  const NvtxRange range(nvtx_, nvtx_ != nullptr ? titles_[step.index].c_str() : "");
  try {
    wait_for_device(*step.step);
    switch (step.step->problem.kind) {
      case ProblemKind::view:
        return run_view(*step.step);
      case ProblemKind::copy:
        return run_copy(*step.step);
      case ProblemKind::dims:
        return run_dims(*step.step);
      case ProblemKind::branch:
        return run_branch(step);
      case ProblemKind::loop:
        return run_loop(step);
      case ProblemKind::scan:
        return run_scan(step);
      default:
        return run_kernel(step);
    }
  } catch (Error& error) {
    error.add_context(fmt::format("running step '{}'", step.step->name));
    throw;
  }
}

void Executor::run_kernel(const RuntimeStep& step) {
  if (!step.kernel->dynamic()) {
    if (BoundKernel* kernel = plan_->bound[step.index].get())
      return run_bound(step, *kernel,
                       arena(step.step->place) +
                           plan_->memory_of(step.step->place).workspace_offsets[step.index]);
    return run_late_bound(step);
  }
  StepDynamicCall call(*this, *step.step);
  step.kernel->run_dynamic(call);
  for (BufferId id : step.step->outputs)
    if (id != no_buffer) define_symbols(id);
}

void Executor::run_bound(const RuntimeStep& step, BoundKernel& kernel, void* workspace) {
  const Step& what = *step.step;
  for (size_t i = 0; i < what.inputs.size(); ++i)
    input_pointers_[i] = what.inputs[i] == no_buffer ? nullptr : slots_[what.inputs[i]].data;
  for (size_t i = 0; i < what.outputs.size(); ++i) {
    const BufferId id = what.outputs[i];
    output_pointers_[i] = id == no_buffer ? nullptr : allocate(id, slots_[id].shape);
  }
  kernel.run({std::span(input_pointers_).first(what.inputs.size()),
              std::span(output_pointers_).first(what.outputs.size()), workspace, &team_,
              what.place == Place::device ? queue_->stream() : nullptr, faults_.of_step(step.index),
              overlaps_});
}

// A step whose shapes depend on data: bound again when they differ from the last time.
void Executor::run_late_bound(const RuntimeStep& step) {
  LateBound& late = late_[step.index];
  std::vector<std::optional<Shape>> inputs, outputs;
  // A packed constant's bytes have another shape than the tensor that they stand for.
  const auto shape = [&](BufferId id) {
    return plan_->shapes[id] ? plan_->shapes[id] : std::optional(slots_[id].shape);
  };
  for (BufferId id : step.step->inputs)
    inputs.push_back(id == no_buffer ? std::nullopt : shape(id));
  for (BufferId id : step.step->outputs) {
    outputs.emplace_back();
    if (id == no_buffer) continue;
    slots_[id].shape = evaluate_shape(id);
    outputs.back() = slots_[id].shape;
  }
  if (!late.kernel || late.inputs != inputs || late.outputs != outputs) {
    const BindContext context{inputs, outputs, team_.size()};
    check_step(engine_.plan(), *step.step, context);
    late.kernel = step.kernel->bind(context);
    late.inputs = std::move(inputs);
    late.outputs = std::move(outputs);
    if (step.step->place == Place::device)
      late.device_workspace = queue_->allocate(late.kernel->workspace_bytes());
    else
      late.workspace.resize(late.kernel->workspace_bytes() + arena_alignment);
  }
  if (step.step->place == Place::device)
    return run_bound(step, *late.kernel, late.device_workspace->data());
  const size_t rest = reinterpret_cast<uintptr_t>(late.workspace.data()) % arena_alignment;
  run_bound(step, *late.kernel, late.workspace.data() + (rest ? arena_alignment - rest : 0));
}

void Executor::run_view(const Step& step) {
  switch (view_form(step.problem)) {
    case ViewForm::reshape:
      return run_reshape(step);
    case ViewForm::parts:
      return run_parts(step);
    case ViewForm::whole:
      return check_whole(step);
  }
}

void Executor::run_reshape(const Step& step) {
  const BufferId from = step.inputs[0];
  const BufferId to = step.outputs[0];
  Slot& slot = slots_[to];
  if (!plan_->shapes[to]) slot.shape = evaluate_shape(to);
  if (element_count(slot.shape) != element_count(slots_[from].shape))
    fail(ErrorCode::runtime, "shape {} has {} elements, {} was expected to have as many",
         to_string(slots_[from].shape), element_count(slots_[from].shape), to_string(slot.shape));
  slot.data = slots_[from].data;
  slot.value = Value();
  if (slots_[from].value.tensor) slot.value = Value(slots_[from].value.tensor.reshaped(slot.shape));
}

void Executor::run_parts(const Step& step) {
  const Slot& from = slots_[step.inputs[0]];
  const bool as_planned = in_place(step.inputs[0]);
  for (BufferId id : step.outputs) {
    if (id == no_buffer || (as_planned && in_place(id))) continue;
    Slot& slot = slots_[id];
    if (!plan_->shapes[id]) slot.shape = evaluate_shape(id);
    slot.data = static_cast<const std::byte*>(from.data) + alias_offset(id, from.shape);
    slot.value = Value();
  }
}

// How far behind the start of `within` it begins.
size_t Executor::alias_offset(BufferId id, const Shape& within) const {
  if (const auto& planned = plan_->alias_offsets[id]) return *planned;
  const int64_t offset = engine_.plan().buffer(id).alias_offset.evaluate(symbols_);
  check_part(engine_.plan(), id, slots_[id].shape, within, offset);
  return static_cast<size_t>(offset);
}

// The inputs' values lie in the output's memory since they were made.
void Executor::check_whole(const Step& step) const {
  const BufferId whole = step.outputs[0];
  for (BufferId id : step.inputs)
    require(id != no_buffer && in_place(id) && in_place(whole), ErrorCode::invalid_engine,
            "'{}' does not lie in the memory of '{}'",
            id == no_buffer ? "an absent input" : engine_.plan().buffer(id).name,
            engine_.plan().buffer(whole).name);
}

void Executor::run_dims(const Step& step) {
  const BufferId to = step.outputs[0];
  Shape shape;
  if (!plan_->shapes[to])
    shape = evaluate_shape(to);
  else
    shape = *plan_->shapes[to];
  const TensorView view{element(to), shape, allocate(to, shape)};
  int64_t i = 0;
  for (const Dim& dim : step.problem.dims)
    store_element<int64_t>(view, i++, dim.evaluate(symbols_));
}

Shape Executor::evaluate_shape(BufferId id) const {
  const Buffer& buffer = engine_.plan().buffer(id);
  require(buffer.type.has_rank(), ErrorCode::invalid_engine, "the shape of '{}' is not known",
          buffer.name);
  return with_context([&] { return fmt::format("the shape of '{}'", buffer.name); },
                      [&] { return evaluate(*buffer.type.dims, symbols_); });
}

void* Executor::allocate(BufferId id, const Shape& shape) {
  Slot& slot = slots_[id];
  if (placed(id)) {
    if (shape != *plan_->shapes[id])
      fail(ErrorCode::runtime, "'{}' has shape {}, but {} was planned",
           engine_.plan().buffer(id).name, to_string(shape), to_string(*plan_->shapes[id]));
    return arena(place(id)) + *offset(id);
  }
  slot.value = Value(tensor_in(place(id), element(id), shape));
  slot.data = slot.value.tensor.data();
  slot.shape = shape;
  return slot.value.tensor.view().data;
}

void Executor::define_symbols(BufferId id) {
  if (!defines_symbols_[id]) return;
  const Buffer& buffer = engine_.plan().buffer(id);
  const Shape& shape = slots_[id].shape;
  require(shape.size() == buffer.type.dims->size(), ErrorCode::runtime,
          "'{}' has shape {}, expected {}", buffer.name, to_string(shape),
          to_string(*buffer.type.dims));
  for (size_t d = 0; d < shape.size(); ++d)
    if ((*buffer.type.dims)[d].is_data_symbol())
      symbols_[*(*buffer.type.dims)[d].as_symbol()] = shape[d];
}

Tensor Executor::tensor_in(Place place, ElementType type, const Shape& shape) {
  if (place == Place::host) return {type, shape};
  const auto memory = queue_->allocate(byte_size(type, element_count(shape)));
  return {type, shape, memory, memory->data()};
}

Value Executor::keep(BufferId from) {
  const Slot& slot = slots_[from];
  if (!engine_.plan().buffer(from).type.is_tensor()) return slot.value;
  if (slot.value.tensor) return slot.value;
  if (place(from) == Place::host) return Value(Tensor::copy_of(tensor(from)));
  Tensor copy = tensor_in(Place::device, element(from), slot.shape);
  queue_->copy(copy.view().data, slot.data, copy.bytes());
  return Value(std::move(copy));
}

void Executor::assign(BufferId to, const Value& value) {
  Slot& slot = slots_[to];
  if (value.kind != Value::Kind::tensor || !placed(to)) {
    slot.value = value;
    slot.data = value.tensor.data();
    slot.shape = value.tensor.shape();
  } else {
    void* const target = allocate(to, value.tensor.shape());
    if (place(to) == Place::device)
      queue_->copy(target, value.tensor.data(), value.tensor.bytes());
    else
      std::memcpy(target, value.tensor.data(), value.tensor.bytes());
  }
  define_symbols(to);
}

}  // namespace cermet
