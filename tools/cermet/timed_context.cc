#include "timed_context.h"

#include "common/inputs.h"

namespace cermet::tools {

TimedContext::TimedContext(const std::shared_ptr<const Engine>& engine,
                           const std::vector<Value>& inputs, const MeasureOptions& options,
                           int stream)
    : context_(engine, options.team.context(stream)) {
  options.team.keep_caller(stream);
  set_inputs(context_, *engine, inputs);
  if (options.device_memory) move_tensors(*engine, inputs, options.gpu);
}

// Outputs are as large as those of a first run from the host's memory. What is no tensor stays
// there.
void TimedContext::move_tensors(const Engine& engine, const std::vector<Value>& inputs, int gpu) {
  context_.execute();
  for (const TensorInfo& output : engine.outputs()) {
    if (output.kind != Value::Kind::tensor) continue;
    buffers_.emplace_back(context_.output(output.name).bytes(), gpu);
    context_.set_output_memory(output.name, buffers_.back().data(), buffers_.back().bytes());
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].kind != Value::Kind::tensor) continue;
    const ConstTensorView from = inputs[i].tensor.view();
    buffers_.emplace_back(from.bytes(), gpu);
    buffers_.back().copy_from_host(from.data, from.bytes());
    context_.set_input(engine.inputs()[i].name,
                       ConstTensorView{from.type, from.shape, buffers_.back().data()});
  }
  stream_.emplace(gpu);
  timer_.emplace(*stream_);
}

bool TimedContext::enqueue() {
  timer_->start();
  try {
    context_.enqueue(stream_->handle());
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unsupported) throw;
    timer_.reset();
    return false;
  }
  timer_->stop();
  stream_->wait();
  gpu_ms_ = timer_->milliseconds();
  return true;
}

void TimedContext::run() {
  if (timer_ && enqueue()) return;
  context_.execute();
}

}  // namespace cermet::tools
