// The same values under another unblocked layout. Input and output do not overlap.
#include "backends/cpu/run/movement.h"
#include "backends/cpu/run/own_kernels.h"
#include "base/error.h"

namespace cermet::cpu {
namespace {

class Reorder : public Kernel {
 public:
  Reorder(const Problem& problem, InstructionSet set)
      : type_(problem.outputs[0]->type.element),
        from_(problem.inputs[0]->layout),
        to_(problem.outputs[0]->layout),
        set_(set) {
    require(bit_width(type_) >= 8 && from_.is_dense() && to_.is_dense(), ErrorCode::invalid_engine,
            "a reorder of {} from {} to {} is not known", name(type_), from_.to_string(),
            to_.to_string());
  }

  std::unique_ptr<BoundKernel> bind(const BindContext& context) const override {
    const Shape& shape = *context.outputs[0];
    const std::vector<int> order = dimension_order(to_, shape.size());
    StridedLoop loop;
    loop.sizes = permuted(shape, order);
    for (const Layout* layout : {&from_, &to_})
      loop.strides.push_back(permuted(strides(shape, *layout), order));
    return bind_copies({{0, 0, StridedCopy(std::move(loop), 0, 0, byte_size(type_, 1), set_)}});
  }

 private:
  ElementType type_;
  Layout from_, to_;
  InstructionSet set_;
};

}  // namespace

std::unique_ptr<Kernel> make_reorder_kernel(const KernelContext& context, InstructionSet set) {
  return std::make_unique<Reorder>(context.step->problem, set);
}

}  // namespace cermet::cpu
