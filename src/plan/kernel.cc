#include "plan/kernel.h"

#include "base/error.h"

namespace cermet {

std::unique_ptr<BoundKernel> Kernel::bind(const BindContext&) const {
  fail(ErrorCode::internal, "a dynamic kernel was bound to shapes");
}

void Kernel::run_dynamic(DynamicCall&) const {
  fail(ErrorCode::internal, "a bound kernel was run without shapes");
}

const Buffer* KernelContext::input(size_t i) const {
  if (i >= step->inputs.size() || step->inputs[i] == no_buffer) return nullptr;
  return &plan->buffers[step->inputs[i]];
}

const PlanConstant* KernelContext::plan_constant(size_t i) const {
  const Buffer* buffer = input(i);
  if (buffer == nullptr || buffer->storage != Storage::constant) return nullptr;
  return &plan->constants[buffer->constant];
}

const Tensor* KernelContext::constant(size_t i) const {
  const PlanConstant* found = plan_constant(i);
  return found ? &found->tensor : nullptr;
}

std::string_view KernelContext::form(size_t i) const {
  const PlanConstant* found = plan_constant(i);
  return found ? std::string_view(found->form) : std::string_view();
}

}  // namespace cermet
