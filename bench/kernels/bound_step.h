// One step of float32 tensors, bound to a kernel, for benchmarks.
#pragma once

#include <benchmark/benchmark.h>

#include <cstring>

#include "backends/cpu/run/own_kernels.h"
#include "plan/kernel.h"

namespace cermet::bench {

class BoundStep {
 public:
  // Inputs are random in [-1, 1); `constants` are the last of them.
  BoundStep(Problem problem, const std::vector<Shape>& inputs, const Shape& output,
            const Layout& layout, cpu::OwnKernelFactory make, int threads,
            std::vector<Tensor> constants = {})
      : team_(threads) {
    step_.problem = std::move(problem);
    for (const Shape& shape : inputs) {
      const bool full = shape.size() == output.size();
      add(random(shape), full ? layout : Layout{}, Storage::activation);
    }
    for (const Tensor& constant : constants) add(constant, {}, Storage::constant);
    result_ = Tensor(ElementType::float32, output);
    step_.problem.outputs = {
        Operand{ValueType::tensor(ElementType::float32, to_dims(output)), layout, false}};
    kernel_ = make({&plan_, &step_}, best_instruction_set());
    const std::vector<std::optional<Shape>> outputs{output};
    bound_ = kernel_->bind({shapes_, outputs, threads});
    workspace_ = Tensor(ElementType::uint8, {static_cast<int64_t>(bound_->workspace_bytes())});
    for (const Tensor& tensor : tensors_) pointers_.push_back(tensor.data());
  }

  void run() {
    void* output = result_.view().data;
    bound_->run({pointers_, std::span(&output, 1), workspace_.view().data, &team_});
  }

  // Runs and reports bytes a second; memory that is read or written counts once.
  void measure(benchmark::State& state) {
    for (auto _ : state) run();
    size_t bytes = result_.bytes();
    for (const Tensor& tensor : tensors_) bytes += tensor.bytes();
    state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes));
  }

 private:
  static Tensor random(const Shape& shape) {
    Tensor tensor(ElementType::float32, shape);
    auto* values = tensor.view().as<float>();
    uint32_t seed = 1;
    for (int64_t i = 0; i < tensor.elements(); ++i) {
      seed = seed * 1664525 + 1013904223;
      values[i] = static_cast<float>(seed >> 8) * 0x1p-23f - 1;
    }
    return tensor;
  }

  void add(const Tensor& tensor, const Layout& layout, Storage storage) {
    Buffer buffer;
    buffer.type = ValueType::tensor(tensor.type(), to_dims(tensor.shape()));
    buffer.layout = layout;
    buffer.storage = storage;
    if (storage == Storage::constant) {
      buffer.constant = static_cast<int32_t>(plan_.constants.size());
      plan_.constants.push_back({tensor, {}, {}});
    }
    step_.inputs.push_back(static_cast<BufferId>(plan_.buffers.size()));
    step_.problem.inputs.push_back(Operand{buffer.type, layout, storage == Storage::constant});
    plan_.buffers.push_back(std::move(buffer));
    shapes_.push_back(tensor.shape());
    tensors_.push_back(tensor);
  }

  Plan plan_;
  Step step_;
  ThreadTeam team_;
  std::vector<Tensor> tensors_;
  std::vector<std::optional<Shape>> shapes_;
  Tensor result_, workspace_;
  std::vector<const void*> pointers_;
  std::unique_ptr<Kernel> kernel_;
  std::unique_ptr<BoundKernel> bound_;
};

inline Problem problem(ProblemKind kind, std::string op, Attributes attributes = {}) {
  Problem result;
  result.kind = kind;
  result.op = std::move(op);
  result.attributes = std::move(attributes);
  return result;
}

}  // namespace cermet::bench
