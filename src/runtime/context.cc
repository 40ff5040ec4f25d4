#include "base/error.h"
#include "runtime/at_run_time.h"
#include "runtime/context_impl.h"

namespace cermet {

Arena::Arena(const ContextOptions& options)
    : allocator_(options.allocator ? options.allocator : &default_allocator()) {
  if (options.memory == nullptr) return;
  data_ = static_cast<std::byte*>(options.memory);
  bytes_ = options.memory_bytes;
  borrowed_ = true;
  require(reinterpret_cast<uintptr_t>(data_) % arena_alignment == 0, ErrorCode::invalid_argument,
          "the memory given to the context has to be aligned to {} bytes", arena_alignment);
}

std::byte* Arena::reserve(size_t bytes) {
  if (bytes <= bytes_) return data_;
  require(!borrowed_, ErrorCode::out_of_memory,
          "the run needs {} bytes for activations, the context was given {}", bytes, bytes_);
  release();
  data_ = static_cast<std::byte*>(allocator_->allocate(bytes, arena_alignment));
  bytes_ = bytes;
  return data_;
}

void Arena::release() {
  if (!borrowed_ && data_) allocator_->deallocate(data_, bytes_, arena_alignment);
  data_ = nullptr;
  bytes_ = 0;
}

namespace {

std::unique_ptr<DeviceQueue> queue_of(const Engine::Impl& engine) {
  if (engine.device_error) throw Error(*engine.device_error);
  return engine.device ? std::make_unique<DeviceQueue>(engine.device->source()) : nullptr;
}

}  // namespace

ExecutionContext::Impl::Impl(std::shared_ptr<const Engine> from, const ContextOptions& options)
    : engine(std::move(from)),
      queue(queue_of(engine->impl())),
      team({.threads = options.threads > 0 ? options.threads : available_threads(),
            .spin = std::chrono::microseconds(options.spin_us),
            .cpus = options.cpus}),
      takes_turns(options.cpus.empty() && queue == nullptr),
      arena(options),
      device_arena(queue.get(), options.takes_device_memory),
      cache_size(std::max<size_t>(1, options.shape_cache)),
      executor(engine->impl(), team, queue.get()),
      inputs(engine->inputs().size()),
      parts(engine->inputs().size()),
      output_memory(engine->outputs().size()) {
  if (options.nvtx) executor.show_steps();
  executor.use_auxiliary_streams(static_cast<size_t>(options.max_aux_streams));
}

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

DeviceQueue& ExecutionContext::Impl::needed_queue(std::string_view what) const {
  require(queue != nullptr, ErrorCode::unsupported, "the engine runs on the CPU, {}", what);
  return *queue;
}

ExecutionContext::ExecutionContext(std::shared_ptr<const Engine> engine, ContextOptions options) {
  require(engine != nullptr, ErrorCode::invalid_argument, "a context needs an engine, got null");
  require(options.threads >= 0, ErrorCode::invalid_argument,
          "a context takes 0 threads (one a core) or more, got {}", options.threads);
  require(options.spin_us >= 0, ErrorCode::invalid_argument,
          "spin_us: expected 0 microseconds or more, got {}", options.spin_us);
  require(options.max_aux_streams >= 0, ErrorCode::invalid_argument,
          "max_aux_streams: expected 0 streams or more, got {}", options.max_aux_streams);
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

void ExecutionContext::set_device_memory(void* memory, size_t bytes) {
  const DeviceQueue& queue = impl_->needed_queue("and needs no memory of a GPU");
  const cuda::UsedDevice used(*queue.device());
  impl_->device_arena.use(memory, bytes);
}

void ExecutionContext::set_input_consumed_event(void* event) {
  impl_->needed_queue("where a run has read its inputs when it has ended");
  impl_->inputs_consumed = static_cast<cuda::CUevent>(event);
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

void ExecutionContext::check() {
  at_run_time([&] { impl_->executor.check_faults(); });
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
void ExecutionContext::profile_steps(bool on) {
  const Engine::Impl& engine = impl_->loaded();
  impl_->origin = on && engine.device ? engine.device->origin() : nullptr;
  impl_->executor.profile_steps(on, impl_->origin.get());
}
double ExecutionContext::run_begin() const { return impl_->executor.run_begin(); }
const std::vector<StepTime>& ExecutionContext::step_times() const {
  return impl_->executor.step_times();
}

}  // namespace cermet
