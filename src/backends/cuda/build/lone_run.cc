#include "backends/cuda/build/lone_run.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <random>

#include "backends/cuda/build/tactics.h"
#include "base/error.h"
#include "base/scalar.h"
#include "expr/relayout.h"

namespace cermet::cuda {
namespace {

size_t bytes_of_operand(const Buffer& buffer, const Shape& shape) {
  return byte_size(buffer.type.element, shape, buffer.layout);
}

// The elements repeat after so many.
constexpr int64_t distinct_elements = 1 << 20;

Tensor random_numbers(ElementType type) {
  Tensor tensor(type, {distinct_elements});
  if (!is_floating(type)) return tensor;
  std::mt19937 generator(1);
  std::uniform_real_distribution<float> values(-1, 1);
  std::vector<double> numbers(distinct_elements);
  for (double& number : numbers) number = values(generator);
  store_all(tensor.view(), numbers);
  return tensor;
}

// Made once a type, as they take longer than the kernels that are measured with them.
const Tensor& numbers_of(ElementType type) {
  static std::mutex mutex;
  static std::map<ElementType, Tensor> known;
  const std::lock_guard lock(mutex);
  const auto found = known.find(type);
  return found != known.end() ? found->second
                              : known.emplace(type, random_numbers(type)).first->second;
}

}  // namespace

LoneRun::LoneRun(DevicePointer device, Compiler& compiler, Plan plan, const TypicalShapes& shapes)
    : device_(std::move(device)),
      plan_(std::move(plan)),
      shapes_(shapes),
      stream_(make_stream(device_)),
      begin_(make_event(device_, true)),
      end_(make_event(device_, true)) {
  device_->use();
  compile_programs(plan_, tactics(), {device_->card().architecture()}, compiler, 1);
  modules_.emplace(device_, plan_);
  kernel_ = make_program_kernel(&*modules_, step());
  bound_ = kernel_->bind({shapes_.inputs, shapes_.outputs, 1});
  for (size_t i = 0; i < step().inputs.size(); ++i) {
    const BufferId id = step().inputs[i];
    inputs_.emplace_back();
    if (id != no_buffer) {
      const Buffer& buffer = plan_.buffer(id);
      const bool constant = buffer.storage == Storage::constant;
      const Tensor* tensor = constant ? &plan_.constants[buffer.constant].tensor : nullptr;
      inputs_.back() =
          DeviceMemory(device_, tensor != nullptr ? tensor->bytes()
                                                  : bytes_of_operand(buffer, *shapes_.inputs[i]));
      if (tensor != nullptr)
        copy_to_device(*device_, inputs_.back().data(), tensor->data(), tensor->bytes(),
                       stream_.get());
    }
    input_pointers_.push_back(inputs_.back().data());
  }
  for (size_t i = 0; i < step().outputs.size(); ++i) {
    const BufferId id = step().outputs[i];
    outputs_.emplace_back();
    if (id != no_buffer)
      outputs_.back() =
          DeviceMemory(device_, bytes_of_operand(plan_.buffer(id), *shapes_.outputs[i]));
    output_pointers_.push_back(outputs_.back().data());
  }
  workspace_ = DeviceMemory(device_, bound_->workspace_bytes());
  if (step().program.can_find_faults()) {
    fault_ = make_host_memory(device_, sizeof(KernelFault));
    require(static_cast<bool>(fault_), ErrorCode::out_of_memory,
            "{}: there is no page-locked memory left", device_->name());
    new (fault_.get()) KernelFault;
  }
  synchronize(*device_, stream_.get());
}

void LoneRun::set_input(size_t i, const Tensor& tensor) {
  const Buffer& buffer = plan_.buffer(step().inputs[i]);
  const Tensor placed = relayout(tensor, Layout{}, buffer.layout);
  copy_to_device(*device_, inputs_[i].data(), placed.data(), placed.bytes(), stream_.get());
  synchronize(*device_, stream_.get());
}

// What is made here repeats on the device, so that large operands cost no time.
void LoneRun::fill_inputs() {
  for (size_t i = 0; i < step().inputs.size(); ++i) {
    if (step().inputs[i] == no_buffer) continue;
    const Buffer& buffer = plan_.buffer(step().inputs[i]);
    if (buffer.storage == Storage::constant) continue;
    const Tensor& numbers = numbers_of(buffer.type.element);
    std::byte* const to = inputs_[i].data();
    const size_t bytes = inputs_[i].bytes(), first = std::min(bytes, numbers.bytes());
    copy_to_device(*device_, to, numbers.data(), first, stream_.get());
    for (size_t done = first; done < bytes && done > 0; done *= 2)
      copy_on_device(*device_, to + done, to, std::min(done, bytes - done), stream_.get());
    synchronize(*device_, stream_.get());
  }
}

void LoneRun::poison_outputs() {
  for (const DeviceMemory& output : outputs_)
    if (output.bytes() > 0)
      device_->check(device_->driver().cuMemsetD8Async(reinterpret_cast<CUdeviceptr>(output.data()),
                                                       0xFF, output.bytes(), stream_.get()),
                     "filling memory");
}

void LoneRun::run() {
  bound_->run(
      {input_pointers_, output_pointers_, workspace_.data(), nullptr, stream_.get(), fault_.get()});
}

template <class Work>
double LoneRun::time_between_events(const Work& work) {
  const Driver& driver = device_->driver();
  device_->check(driver.cuEventRecord(begin_.get(), stream_.get()), "recording an event");
  work();
  device_->check(driver.cuEventRecord(end_.get(), stream_.get()), "recording an event");
  device_->check(driver.cuEventSynchronize(end_.get()), "waiting for an event");
  float milliseconds = 0;
  device_->check(driver.cuEventElapsedTime(&milliseconds, begin_.get(), end_.get()),
                 "reading the time between events");
  return static_cast<double>(milliseconds) * 1e3;
}

double LoneRun::time(int runs) {
  return time_between_events([&] {
           for (int i = 0; i < runs; ++i) run();
         }) /
         runs;
}

void LoneRun::capture() {
  constexpr double enough_us = 200;  // of one graph, beside which launching it is little
  constexpr int most = 20;
  run();
  const double once = time(2);
  captured_ = std::clamp(static_cast<int>(enough_us / std::max(once, 1.0)), 1, most);
  const Driver& driver = device_->driver();
  device_->check(driver.cuStreamBeginCapture_v2(stream_.get(), CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
                 "beginning a graph");
  for (int i = 0; i < captured_; ++i) run();
  CUgraph captured = nullptr;
  device_->check(driver.cuStreamEndCapture(stream_.get(), &captured), "ending a graph");
  const GraphTemplate graph(device_, captured);
  CUgraphExec made = nullptr;
  device_->check(driver.cuGraphInstantiateWithFlags(&made, captured, 0), "making a graph");
  graph_ = {device_, made};
  time_captured();
}

double LoneRun::time_captured() {
  const auto launch = [&] {
    device_->check(device_->driver().cuGraphLaunch(graph_.get(), stream_.get()),
                   "launching a graph");
  };
  return time_between_events(launch) / captured_;
}

std::vector<std::optional<Tensor>> LoneRun::outputs() {
  std::vector<std::optional<Tensor>> results(outputs_.size());
  for (size_t i = 0; i < outputs_.size(); ++i) {
    if (step().outputs[i] == no_buffer) continue;
    results[i] = Tensor(plan_.buffer(step().outputs[i]).type.element, *shapes_.outputs[i]);
    copy_to_host(*device_, results[i]->view().data, outputs_[i].data(), outputs_[i].bytes(),
                 stream_.get());
  }
  synchronize(*device_, stream_.get());
  if (fault_) {
    const KernelFault found = *static_cast<const KernelFault*>(fault_.get());
    require(found.kind == KernelFault::Kind::none, ErrorCode::runtime, "{}", to_string(found));
  }
  return results;
}

std::vector<std::optional<Tensor>> run_step(const DevicePointer& device, Compiler& compiler,
                                            const Plan& plan,
                                            const std::vector<std::optional<Tensor>>& inputs,
                                            const TypicalShapes& shapes) {
  LoneRun run(device, compiler, plan, shapes);
  const Step& step = plan.root.steps.at(0);
  for (size_t i = 0; i < step.inputs.size(); ++i)
    if (step.inputs[i] != no_buffer && plan.buffer(step.inputs[i]).storage != Storage::constant)
      run.set_input(i, *inputs[i]);
  run.poison_outputs();
  run.run();
  return run.outputs();
}

}  // namespace cermet::cuda
