#include "backends/cpu/run/kernels.h"
#include "base/error.h"
#include "ops/operator.ref.h"

namespace cermet::cpu {
namespace {

using Inputs = std::vector<std::optional<DynamicCall::Input>>;

std::vector<ConstTensorView> tensors(const Inputs& inputs, size_t first) {
  std::vector<ConstTensorView> views;
  for (size_t i = first; i < inputs.size(); ++i) {
    const auto* view = inputs[i] ? std::get_if<ConstTensorView>(&*inputs[i]) : nullptr;
    require(view != nullptr, ErrorCode::invalid_engine, "input {}: expected a tensor", i);
    views.push_back(*view);
  }
  return views;
}

// An operator's call whose outputs go where the step's do; with an epilogue the first one goes to
// memory of its own before.
class StepCall : public EvalContext {
 public:
  StepCall(const Problem& problem, const Operator& op, Inputs inputs, DynamicCall& call)
      : EvalContext(problem.op, problem.attributes, std::move(inputs), problem.outputs.size(),
                    op.infer),
        problem_(problem),
        call_(call) {}

  bool wants_output(size_t i) const override { return call_.wants_output(i); }
  void set_output(size_t i, Value value) override { call_.set_output(i, std::move(value)); }
  Tensor& before_epilogue() { return before_epilogue_; }

 protected:
  TensorView allocate(size_t i, ElementType type, const Shape& shape) override {
    if (i > 0 || !problem_.has_epilogue()) return call_.allocate(i, type, shape);
    before_epilogue_ = Tensor(type, shape);
    return before_epilogue_.view();
  }

 private:
  const Problem& problem_;
  DynamicCall& call_;
  Tensor before_epilogue_;
};

Shape broadcast_shape(std::span<const ConstTensorView> operands) {
  Dims dims;
  for (const ConstTensorView& operand : operands)
    dims = broadcast_dims(dims, to_dims(operand.shape));
  return constants(dims);
}

class ReferenceKernel : public Kernel {
 public:
  explicit ReferenceKernel(const Problem& problem) : problem_(problem) {
    if (problem.kind == ProblemKind::pointwise) return;
    op_ = find_operator(problem.domain, problem.op);
    require(op_ != nullptr, ErrorCode::invalid_engine, "this release has no operator {}{}",
            problem.domain.empty() ? "" : problem.domain + ".", problem.op);
  }

  bool dynamic() const override { return true; }

  void run_dynamic(DynamicCall& call) const override {
    Inputs inputs = call.inputs();
    if (problem_.kind == ProblemKind::pointwise) return run_pointwise(inputs, call);
    if (!problem_.has_epilogue()) {
      StepCall operation(problem_, *op_, std::move(inputs), call);
      return op_->evaluate(operation);
    }
    std::vector<ConstTensorView> operands = tensors(inputs, problem_.epilogue_first);
    inputs.resize(problem_.epilogue_first);
    StepCall operation(problem_, *op_, std::move(inputs), call);
    op_->evaluate(operation);
    operands.insert(operands.begin(), operation.before_epilogue().view());
    const TensorView result =
        call.allocate(0, problem_.expression.result_type(), operands[0].shape);
    evaluate_reference(problem_.expression, operands, std::span(&result, 1));
  }

 private:
  void run_pointwise(const Inputs& inputs, DynamicCall& call) const {
    const std::vector<ConstTensorView> operands = tensors(inputs, 0);
    const Shape shape = broadcast_shape(operands);
    std::vector<TensorView> results;
    for (size_t i = 0; i < problem_.outputs.size(); ++i)
      results.push_back(call.allocate(i, problem_.expression.result_type(i), shape));
    evaluate_reference(problem_.expression, operands, results);
  }

  const Problem& problem_;
  const Operator* op_ = nullptr;
};

}  // namespace

std::unique_ptr<Kernel> make_reference_kernel(const KernelContext& context) {
  return std::make_unique<ReferenceKernel>(context.step->problem);
}

}  // namespace cermet::cpu
