// Runs of a context: on the host, through its own stream, and in a stream of the caller's.
#include <cstring>

#include "base/error.h"
#include "runtime/context_impl.h"
#include "runtime/enqueued_run.h"

namespace cermet {

// Makes the plan for the inputs' shapes the one that runs.
ShapePlan& ExecutionContext::Impl::prepare() {
  ShapePlan& plan = plan_for_inputs();
  ran = false;
  current_bytes = plan.arena_bytes();
  memory = arena.reserve(plan.memory.arena_bytes);
  active = &plan;
  executor.activate(plan, memory, device_arena.reserve(plan.device_memory.arena_bytes));
  return plan;
}

// Puts work into a stream; after an error nothing of it is left under way.
template <class Work>
void with_queue(DeviceQueue& queue, const Work& work) {
  const cuda::UsedDevice used(*queue.device());
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
  executor.record_after(0, nullptr);
  for (int64_t slice = 0; slice < plan.slices; ++slice) run_slice(turn, slice);
  if (turn.is_wanted()) team.rest();
  peak_bytes = std::max(peak_bytes, current_bytes);
  ran = true;
}

void ExecutionContext::Impl::enqueue(cuda::CUstream stream) {
  with_queue(needed_queue("there is nothing to put into a stream; execute() runs it"),
             [&] { enqueue_all(stream); });
}

void ExecutionContext::Impl::enqueue_all(cuda::CUstream stream) {
  executor.check_faults();
  Turn turn(Turns::of_process(), 1);
  ShapePlan& plan = prepare();
  if (!plan.host_step) plan.host_step = find_host_step(loaded(), plan);
  require(plan.host_step->empty(), ErrorCode::unsupported,
          "{} runs on the host, which a stream can't wait for; execute() runs it", *plan.host_step);
  check_enqueued_tensors();
  queue->use_stream(stream);
  give_outputs();
  set_inputs(0);
  executor.record_after(last_reader(), inputs_consumed);
  executor.run(turn);
  queue->end_of_run();
  peak_bytes = std::max(peak_bytes, current_bytes);
  ran = true;
}

// What can be read where it is, is; the rest is copied before anything reads it.
size_t ExecutionContext::Impl::last_reader() const {
  size_t last = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Engine::Impl::InputReaders& readers = loaded().input_readers[i];
    last = std::max(
        last, Executor::is_read_in_place(inputs[i].tensor.data) ? readers.last : readers.last_copy);
  }
  return last;
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
    if (bytes > output_memory[i].bytes)
      fail(ErrorCode::out_of_range, "output '{}' of shape {} takes {} bytes, its memory has {}",
           name, to_string(*active->shapes[id]), bytes, output_memory[i].bytes);
  }
}

void ExecutionContext::Impl::run_slice(Turn& turn, int64_t slice) {
  if (queue) give_outputs();
  set_inputs(slice);
  executor.run(turn, slice);
  if (queue) {
    queue->wait();
    executor.check_faults();
  }
  copy_outputs(slice);
}

// Whether input i lies in the memory of the engine's card.
bool ExecutionContext::Impl::lies_on_device(size_t i) const {
  if (!queue || inputs[i].tensor.data == nullptr) return false;
  const cuda::Device& device = *queue->device();
  const std::optional<int> card = device.card_of_address(inputs[i].tensor.data);
  require(!card || *card == device.ordinal(), ErrorCode::invalid_argument,
          "input '{}' lies in the memory of cuda:{}, the engine was loaded for {}",
          loaded().inputs[i].name, card.value_or(0), device.name());
  return card.has_value();
}

void ExecutionContext::Impl::set_inputs(int64_t slice) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const BoundInput& input = inputs[i];
    if (lies_on_device(i) && !loaded().copied_inputs[i])
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

}  // namespace cermet
