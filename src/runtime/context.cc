#include <cstring>
#include <list>

#include "base/error.h"
#include "base/thread_team.h"
#include "runtime/at_run_time.h"
#include "runtime/enqueued_run.h"
#include "runtime/executor.h"

namespace cermet {
namespace {

constexpr size_t alignment = arena_alignment;

// The arena: the caller's memory, or some of the allocator's that grows when needed.
class Arena {
 public:
  explicit Arena(const ContextOptions& options)
      : allocator_(options.allocator ? options.allocator : &default_allocator()) {
    if (options.memory == nullptr) return;
    data_ = static_cast<std::byte*>(options.memory);
    bytes_ = options.memory_bytes;
    borrowed_ = true;
    require(reinterpret_cast<uintptr_t>(data_) % alignment == 0, ErrorCode::invalid_argument,
            "the memory given to the context has to be aligned to {} bytes", alignment);
  }
  ~Arena() { release(); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  std::byte* reserve(size_t bytes) {
    if (bytes <= bytes_) return data_;
    require(!borrowed_, ErrorCode::out_of_memory,
            "the run needs {} bytes for activations, the context was given {}", bytes, bytes_);
    release();
    data_ = static_cast<std::byte*>(allocator_->allocate(bytes, alignment));
    bytes_ = bytes;
    return data_;
  }

 private:
  void release() {
    if (!borrowed_ && data_) allocator_->deallocate(data_, bytes_, alignment);
    data_ = nullptr;
    bytes_ = 0;
  }

  Allocator* allocator_;
  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
  bool borrowed_ = false;
};

std::unique_ptr<DeviceQueue> queue_of(const Engine::Impl& engine) {
  if (engine.device_error) throw Error(*engine.device_error);
  return engine.device ? std::make_unique<DeviceQueue>(engine.device->device()) : nullptr;
}

struct BoundInput {
  bool set = false;
  ConstTensorView tensor;
  Value value;
};

struct OutputMemory {
  void* data = nullptr;
  size_t bytes = 0;
};

}  // namespace

struct ExecutionContext::Impl {
  Impl(std::shared_ptr<const Engine> from, const ContextOptions& options)
      : engine(std::move(from)),
        queue(queue_of(engine->impl())),
        team({.threads = options.threads > 0 ? options.threads : available_threads(),
              .spin = std::chrono::microseconds(options.spin_us),
              .cpus = options.cpus}),
        takes_turns(options.cpus.empty() && queue == nullptr),
        arena(options),
        cache_size(std::max<size_t>(1, options.shape_cache)),
        executor(engine->impl(), team, queue.get()),
        inputs(engine->inputs().size()),
        parts(engine->inputs().size()),
        output_memory(engine->outputs().size()) {}

  const Engine::Impl& loaded() const { return engine->impl(); }
  BufferId output_buffer(size_t i) const { return loaded().plan().root.outputs[i]; }
  const ValueType& input_type(size_t i) const {
    return loaded().plan().buffer(loaded().plan().root.inputs[i]).type;
  }

  ShapePlan& plan_for_inputs();
  std::byte* device_memory(const ShapePlan& plan);
  void check_input(size_t i, Value::Kind kind, ElementType type) const;
  void check_inputs_set() const;
  ShapePlan& prepare();
  void run();
  void run_all();
  void enqueue(cuda::CUstream stream);
  void enqueue_all(cuda::CUstream stream);
  void check_enqueued_tensors() const;
  void set_inputs(int64_t slice);
  void run_slice(Turn& turn, int64_t slice);
  void give_outputs();
  Value on_host(size_t i);
  void copy_outputs(int64_t slice);
  // The part of input i that a slice of the batch reads.
  const ConstTensorView& part(size_t i, int64_t slice);
  // Where the results of several slices lie side by side; nullptr where there is one.
  std::byte* gathered(size_t i) const;
  ConstTensorView output(size_t i) const;

  // The most recently used plan comes first.
  struct CachedPlan {
    std::vector<std::optional<Shape>> shapes;
    std::unique_ptr<ShapePlan> plan;
  };

  std::shared_ptr<const Engine> engine;
  std::unique_ptr<DeviceQueue> queue;  // for an engine that uses a device
  ThreadTeam team;
  bool takes_turns;  // not where the user says which cores are whose
  Arena arena;
  cuda::DeviceMemory device_arena;
  size_t cache_size;
  Executor executor;
  std::vector<BoundInput> inputs;
  std::vector<ConstTensorView> parts;  // of the inputs, for the slice that runs
  std::vector<OutputMemory> output_memory;
  std::list<CachedPlan> plans;
  size_t current_bytes = 0;
  size_t peak_bytes = 0;
  const ShapePlan* active = nullptr;  // of the last run
  std::byte* memory = nullptr;        // of the last run's arena
  bool ran = false;
};

void ExecutionContext::Impl::check_input(size_t i, Value::Kind kind, ElementType type) const {
  const ValueType& expected = input_type(i);
  const std::string& name = loaded().inputs[i].name;
  require(kind == expected.kind, ErrorCode::invalid_argument, "input '{}': expected {}", name,
          expected.to_string());
  require(type == expected.element || expected.element == ElementType::undefined,
          ErrorCode::invalid_argument, "input '{}': expected elements of type {}, got {}", name,
          cermet::name(expected.element), cermet::name(type));
}

ShapePlan& ExecutionContext::Impl::plan_for_inputs() {
  const auto fits = [&](const CachedPlan& cached) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      const bool is_tensor = input_type(i).is_tensor();
      if (is_tensor != cached.shapes[i].has_value()) return false;
      if (is_tensor && *cached.shapes[i] != inputs[i].tensor.shape) return false;
    }
    return true;
  };
  for (auto cached = plans.begin(); cached != plans.end(); ++cached) {
    if (!fits(*cached)) continue;
    if (cached != plans.begin()) plans.splice(plans.begin(), plans, cached);
    return *plans.front().plan;
  }
  std::vector<std::optional<Shape>> shapes(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i)
    if (input_type(i).is_tensor()) shapes[i] = inputs[i].tensor.shape;
  auto plan = make_shape_plan(loaded(), shapes, team);
  if (plans.size() >= cache_size) plans.pop_back();
  executor.forget_plan();
  plans.push_front({std::move(shapes), std::move(plan)});
  return *plans.front().plan;
}

// Grows when needed; graphs that hold addresses of the old one go with it.
std::byte* ExecutionContext::Impl::device_memory(const ShapePlan& plan) {
  const size_t bytes = plan.device_memory.arena_bytes;
  if (!queue || bytes <= device_arena.bytes()) return device_arena.data();
  for (CachedPlan& cached : plans) cached.plan->graphs.clear();
  device_arena = {};
  device_arena = with_context([] { return "activations of the run"; },
                              [&] { return cuda::DeviceMemory(queue->device(), bytes); });
  return device_arena.data();
}

// Makes the plan for the inputs' shapes the one that runs.
ShapePlan& ExecutionContext::Impl::prepare() {
  ShapePlan& plan = plan_for_inputs();
  ran = false;
  current_bytes = plan.arena_bytes();
  memory = arena.reserve(plan.memory.arena_bytes);
  active = &plan;
  executor.activate(plan, memory, device_memory(plan));
  return plan;
}

// Puts work into a stream; after an error nothing of it is left under way.
template <class Work>
void with_queue(DeviceQueue& queue, const Work& work) {
  queue.device()->use();
  try {
    work();
  } catch (...) {
    queue.abandon();
    throw;
  }
}

void ExecutionContext::Impl::run() {
  if (!queue) return run_all();
  with_queue(*queue, [&] {
    queue->use_stream(nullptr);
    run_all();
  });
}

void ExecutionContext::Impl::run_all() {
  Turn turn(Turns::of_process(), takes_turns ? team.size() : 1);
  const ShapePlan& plan = prepare();
  for (int64_t slice = 0; slice < plan.slices; ++slice) run_slice(turn, slice);
  if (queue) queue->wait();
  if (turn.is_wanted()) team.rest();
  peak_bytes = std::max(peak_bytes, current_bytes);
  ran = true;
}

void ExecutionContext::Impl::enqueue(cuda::CUstream stream) {
  require(queue != nullptr, ErrorCode::unsupported,
          "the engine runs on the CPU, there is nothing to put into a stream; execute() runs it");
  with_queue(*queue, [&] { enqueue_all(stream); });
}

void ExecutionContext::Impl::enqueue_all(cuda::CUstream stream) {
  Turn turn(Turns::of_process(), 1);
  ShapePlan& plan = prepare();
  if (!plan.host_step) plan.host_step = find_host_step(loaded(), plan);
  require(plan.host_step->empty(), ErrorCode::unsupported,
          "{} runs on the host, which a stream can't wait for; execute() runs it", *plan.host_step);
  check_enqueued_tensors();
  queue->use_stream(stream);
  give_outputs();
  set_inputs(0);
  executor.run(turn);
  queue->end_of_run();
  peak_bytes = std::max(peak_bytes, current_bytes);
  ran = true;
}

void ExecutionContext::Impl::check_enqueued_tensors() const {
  const cuda::Device& device = *queue->device();
  for (size_t i = 0; i < inputs.size(); ++i)
    require(inputs[i].tensor.elements() == 0 || device.owns(inputs[i].tensor.data),
            ErrorCode::invalid_argument, "input '{}' does not lie in the memory of {}",
            loaded().inputs[i].name, device.name());
  for (size_t i = 0; i < output_memory.size(); ++i) {
    const BufferId id = output_buffer(i);
    const std::string& name = loaded().outputs[i].name;
    require(device.owns(output_memory[i].data), ErrorCode::invalid_argument,
            "output '{}' was not given memory of {}", name, device.name());
    const size_t bytes =
        byte_size(loaded().plan().buffer(id).type.element, element_count(*active->shapes[id]));
    require(bytes <= output_memory[i].bytes, ErrorCode::out_of_range,
            "output '{}' of shape {} takes {} bytes, its memory has {}", name,
            to_string(*active->shapes[id]), bytes, output_memory[i].bytes);
  }
}

void ExecutionContext::Impl::run_slice(Turn& turn, int64_t slice) {
  if (queue) give_outputs();
  set_inputs(slice);
  executor.run(turn, slice);
  if (queue) queue->wait_for_copies();
  copy_outputs(slice);
}

void ExecutionContext::Impl::set_inputs(int64_t slice) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const BoundInput& input = inputs[i];
    if (queue && input.tensor.data != nullptr && queue->device()->owns(input.tensor.data) &&
        !loaded().copied_inputs[i])
      executor.set_input(i, on_host(i));
    else if (active->slices != 1)
      executor.set_input(i, part(i, slice));
    else if (input.value.kind != Value::Kind::tensor || input.value.tensor)
      executor.set_input(i, input.value);
    else
      executor.set_input(i, input.tensor);
  }
}

// Copies from the device go where the caller wants them, where that is large enough.
void ExecutionContext::Impl::give_outputs() {
  for (size_t i = 0; i < output_memory.size(); ++i) {
    const BufferId id = output_buffer(i);
    const auto& shape = active->shapes[id];
    const bool fits = shape && active->slices == 1 && output_memory[i].data != nullptr &&
                      byte_size(loaded().plan().buffer(id).type.element, element_count(*shape)) <=
                          output_memory[i].bytes;
    executor.set_output(i, fits ? output_memory[i].data : nullptr);
  }
}

// An input that lies on the device, for steps of the host that read it.
Value ExecutionContext::Impl::on_host(size_t i) {
  const ConstTensorView& from = inputs[i].tensor;
  Tensor copy(from.type, from.shape);
  queue->copy_out(copy.view().data, from.data, copy.bytes());
  queue->wait();
  return Value(std::move(copy));
}

std::byte* ExecutionContext::Impl::gathered(size_t i) const {
  return active->gathered.empty() ? nullptr : memory + active->gathered[i].offset;
}

// Those of one slice, behind those of the slices before it.
void ExecutionContext::Impl::copy_outputs(int64_t slice) {
  for (size_t i = 0; i < output_memory.size(); ++i) {
    const OutputMemory& target = output_memory[i];
    std::byte* const into = target.data ? static_cast<std::byte*>(target.data) : gathered(i);
    if (into == nullptr) continue;
    const BufferId id = output_buffer(i);
    const Slot& from = executor.slot(id);
    const size_t bytes =
        byte_size(loaded().plan().buffer(id).type.element, element_count(from.shape));
    const size_t whole = active->gathered.empty() ? bytes : active->gathered[i].bytes;
    if (target.data != nullptr && whole > target.bytes)
      fail(ErrorCode::out_of_range, "output '{}' of shape {} takes {} bytes, its memory has {}",
           loaded().outputs[i].name, to_string(output(i).shape), whole, target.bytes);
    if (into == from.data) continue;
    if (queue && queue->device()->owns(into)) {
      queue->copy_in(into, from.data, bytes);
      queue->wait();
      continue;
    }
    std::memcpy(into + bytes * slice, from.data, bytes);
  }
}

const ConstTensorView& ExecutionContext::Impl::part(size_t i, int64_t slice) {
  ConstTensorView& result = parts[i];
  result = inputs[i].tensor;
  result.shape.front() = loaded().plan().slice_items();
  result.data = static_cast<const std::byte*>(result.data) + slice * result.bytes();
  return result;
}

ConstTensorView ExecutionContext::Impl::output(size_t i) const {
  const BufferId id = output_buffer(i);
  ConstTensorView view = executor.slot(id).view(loaded().plan().buffer(id).type.element);
  if (!active->gathered.empty()) {
    view.shape = active->gathered[i].shape;
    view.data = gathered(i);
  }
  if (output_memory[i].data) view.data = output_memory[i].data;
  return view;
}

ExecutionContext::ExecutionContext(std::shared_ptr<const Engine> engine, ContextOptions options) {
  require(engine != nullptr, ErrorCode::invalid_argument, "a context needs an engine, got null");
  require(options.threads >= 0, ErrorCode::invalid_argument,
          "a context takes 0 threads (one a core) or more, got {}", options.threads);
  require(options.spin_us >= 0, ErrorCode::invalid_argument,
          "spin_us: expected 0 microseconds or more, got {}", options.spin_us);
  impl_ = std::make_unique<Impl>(std::move(engine), options);
}
ExecutionContext::~ExecutionContext() = default;
ExecutionContext::ExecutionContext(ExecutionContext&&) noexcept = default;
ExecutionContext& ExecutionContext::operator=(ExecutionContext&&) noexcept = default;

void ExecutionContext::set_input(std::string_view name, ConstTensorView tensor) {
  const size_t i = impl_->loaded().input_index(name);
  impl_->check_input(i, Value::Kind::tensor, tensor.type);
  const ValueType& type = impl_->input_type(i);
  require(!type.has_rank() || tensor.shape.size() == type.dims->size(), ErrorCode::out_of_range,
          "input '{}': expected {} dimensions {}, got shape {}", name, type.rank(),
          to_string(*impl_->loaded().plan().outer_type(impl_->loaded().plan().root.inputs[i]).dims),
          to_string(tensor.shape));
  require(tensor.data != nullptr || tensor.elements() == 0, ErrorCode::invalid_argument,
          "input '{}': shape {} without data", name, to_string(tensor.shape));
  BoundInput& input = impl_->inputs[i];
  input.tensor = std::move(tensor);
  input.value = Value();
  input.set = true;
}

void ExecutionContext::set_input(std::string_view name, Value value) {
  const size_t i = impl_->loaded().input_index(name);
  if (value.kind == Value::Kind::tensor) {
    set_input(name, std::as_const(value.tensor).view());
  } else {
    impl_->check_input(i, value.kind, value.element_type);
  }
  impl_->inputs[i].value = std::move(value);
  impl_->inputs[i].set = true;
}

void ExecutionContext::set_output_memory(std::string_view name, void* data, size_t bytes) {
  const size_t i = impl_->loaded().output_index(name);
  const TensorInfo& info = impl_->loaded().outputs[i];
  require(info.kind == Value::Kind::tensor && bit_width(info.type) > 0, ErrorCode::unsupported,
          "output '{}' is no tensor of numbers; only those can be written to given memory", name);
  impl_->output_memory[i] = {data, bytes};
}

void ExecutionContext::Impl::check_inputs_set() const {
  for (size_t i = 0; i < inputs.size(); ++i)
    require(inputs[i].set, ErrorCode::invalid_argument, "input '{}' has not been set",
            loaded().inputs[i].name);
}

void ExecutionContext::execute() {
  impl_->check_inputs_set();
  at_run_time([&] { impl_->run(); });
}

void ExecutionContext::enqueue(void* stream) {
  impl_->check_inputs_set();
  require(!impl_->executor.profiles_steps(), ErrorCode::invalid_argument,
          "steps are measured in runs by execute() only");
  at_run_time([&] { impl_->enqueue(static_cast<cuda::CUstream>(stream)); });
}

ConstTensorView ExecutionContext::output(std::string_view name) const {
  const size_t i = impl_->loaded().output_index(name);
  require(impl_->ran, ErrorCode::invalid_argument, "output '{}' is there after execute() only",
          name);
  require(impl_->loaded().outputs[i].kind == Value::Kind::tensor, ErrorCode::invalid_argument,
          "output '{}' is no tensor; ask for its value", name);
  return impl_->output(i);
}

Value ExecutionContext::output_value(std::string_view name) const {
  const size_t i = impl_->loaded().output_index(name);
  if (impl_->loaded().outputs[i].kind == Value::Kind::tensor)
    return Value(Tensor::copy_of(output(name)));
  require(impl_->ran, ErrorCode::invalid_argument, "output '{}' is there after execute() only",
          name);
  return impl_->executor.slot(impl_->output_buffer(i)).value;
}

size_t ExecutionContext::activation_bytes() const { return impl_->current_bytes; }
size_t ExecutionContext::peak_activation_bytes() const { return impl_->peak_bytes; }
void ExecutionContext::profile_steps(bool on) { impl_->executor.profile_steps(on); }
const std::vector<StepTime>& ExecutionContext::step_times() const {
  return impl_->executor.step_times();
}

}  // namespace cermet
