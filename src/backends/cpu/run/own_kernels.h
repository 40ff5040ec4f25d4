// Cermet's own CPU kernels, each for one instruction set.
#pragma once

#include "base/cpu_features.h"
#include "plan/kernel.h"

namespace cermet::cpu {

using OwnKernelFactory = std::unique_ptr<Kernel> (*)(const KernelContext&, InstructionSet);

std::unique_ptr<Kernel> make_pointwise_kernel(const KernelContext& context, InstructionSet set);
std::unique_ptr<Kernel> make_movement_kernel(const KernelContext& context, InstructionSet set);
std::unique_ptr<Kernel> make_reduction_kernel(const KernelContext& context, InstructionSet set);
std::unique_ptr<Kernel> make_softmax_kernel(const KernelContext& context, InstructionSet set);
std::unique_ptr<Kernel> make_attention_kernel(const KernelContext& context, InstructionSet set);
std::unique_ptr<Kernel> make_normalization_kernel(const KernelContext& context, InstructionSet set);
std::unique_ptr<Kernel> make_depthwise_kernel(const KernelContext& context, InstructionSet set);
std::unique_ptr<Kernel> make_convolution_kernel(const KernelContext& context, InstructionSet set);
std::unique_ptr<Kernel> make_winograd_kernel(const KernelContext& context, InstructionSet set);
std::unique_ptr<Kernel> make_resize_kernel(const KernelContext& context, InstructionSet set);
std::unique_ptr<Kernel> make_pooling_kernel(const KernelContext& context, InstructionSet set);
std::unique_ptr<Kernel> make_gemm_kernel(const KernelContext& context, InstructionSet set);
std::unique_ptr<Kernel> make_reorder_kernel(const KernelContext& context, InstructionSet set);

// The factory for this machine's instruction set.
template <OwnKernelFactory make>
std::unique_ptr<Kernel> for_this_machine(const KernelContext& context) {
  return make(context, best_instruction_set());
}

}  // namespace cermet::cpu
