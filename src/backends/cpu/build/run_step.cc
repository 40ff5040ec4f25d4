#include "backends/cpu/build/run_step.h"

#include "backends/cpu/run/kernels.h"
#include "backends/cpu/run/own_kernels.h"
#include "base/error.h"
#include "expr/relayout.h"

namespace cermet::cpu {
namespace {

using Tensors = std::vector<std::optional<Tensor>>;

// A row-major tensor's elements where a buffer of this layout has them. The bytes stay a tensor of
// the same shape, under which they mean something else.
Tensor under_layout(const Tensor& tensor, const Layout& to, ThreadTeam& team) {
  if (to.is_row_major()) return tensor;
  if (to.pitch != 0) return relayout(tensor, Layout{}, to);
  Plan plan;
  Step step;
  for (const Layout& layout : {Layout{}, to}) {
    const ValueType type = ValueType::tensor(tensor.type(), to_dims(tensor.shape()));
    require(layout.block_axis < 0, ErrorCode::unsupported, "the layout {}", layout.to_string());
    plan.buffers.push_back({"", type, Storage::activation, layout});
    (step.inputs.empty() ? step.inputs : step.outputs)
        .push_back(static_cast<BufferId>(plan.buffers.size() - 1));
    (step.problem.inputs.empty() ? step.problem.inputs : step.problem.outputs)
        .emplace_back(Operand{type, layout, false});
  }
  Tensor result(tensor.type(), tensor.shape());
  const std::optional<Shape> shape = tensor.shape();
  const auto kernel = for_this_machine<make_reorder_kernel>({&plan, &step});
  const auto bound = kernel->bind({std::span(&shape, 1), std::span(&shape, 1), team.size()});
  const void* in = tensor.data();
  void* out = result.view().data;
  bound->run({std::span(&in, 1), std::span(&out, 1), nullptr, &team});
  return result;
}

class CollectedCall : public DynamicCall {
 public:
  CollectedCall(const Tensors& inputs, Tensors& outputs, const Step& step, ThreadTeam& team)
      : inputs_(inputs), outputs_(outputs), step_(step), team_(team) {}

  std::vector<std::optional<Input>> inputs() const override {
    std::vector<std::optional<Input>> views;
    for (const auto& input : inputs_)
      views.push_back(input ? std::optional<Input>(input->view()) : std::nullopt);
    return views;
  }
  bool wants_output(size_t i) const override {
    return i < step_.outputs.size() && step_.outputs[i] != no_buffer;
  }
  TensorView allocate(size_t i, ElementType type, const Shape& shape) override {
    outputs_[i] = Tensor(type, shape);
    return outputs_[i]->view();
  }
  void set_output(size_t i, Value value) override {
    require(value.kind == Value::Kind::tensor, ErrorCode::unsupported,
            "result {} is a sequence or optional", i);
    outputs_[i] = std::move(value.tensor);
  }
  ThreadTeam& team() override { return team_; }

 private:
  const Tensors& inputs_;
  Tensors& outputs_;
  const Step& step_;
  ThreadTeam& team_;
};

void run_bound(const Kernel& kernel, const TypicalShapes& shapes, const Tensors& inputs,
               Tensors& outputs, ThreadTeam& team) {
  const auto bound = kernel.bind({shapes.inputs, shapes.outputs, team.size()});
  std::vector<const void*> in;
  std::vector<void*> out;
  for (const auto& input : inputs) in.push_back(input ? input->data() : nullptr);
  for (auto& output : outputs) out.push_back(output ? output->view().data : nullptr);
  Tensor workspace(ElementType::uint8, {static_cast<int64_t>(bound->workspace_bytes() + 1)});
  bound->run({in, out, workspace.view().data, &team});
}

}  // namespace

Tensors run_step(const Plan& plan, const Tensors& inputs, const TypicalShapes& shapes,
                 int threads) {
  const Step& step = plan.root.steps.at(0);
  ThreadTeam team(threads);
  Tensors operands;
  for (size_t i = 0; i < step.inputs.size(); ++i) {
    operands.emplace_back();
    if (step.inputs[i] == no_buffer) continue;
    const Buffer& buffer = plan.buffer(step.inputs[i]);
    if (buffer.storage == Storage::constant)
      operands.back() = plan.constants[buffer.constant].tensor;
    else
      operands.back() = under_layout(*inputs[i], buffer.layout, team);
  }
  Tensors outputs(step.outputs.size());
  const auto kernel = make_kernel({&plan, &step});
  if (kernel->dynamic()) {
    CollectedCall call(operands, outputs, step, team);
    kernel->run_dynamic(call);
  } else {
    for (size_t i = 0; i < outputs.size(); ++i)
      if (step.outputs[i] != no_buffer)
        outputs[i] = Tensor(plan.buffer(step.outputs[i]).type.element, *shapes.outputs[i]);
    run_bound(*kernel, shapes, operands, outputs, team);
  }
  return outputs;
}

}  // namespace cermet::cpu
