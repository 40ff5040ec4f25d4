// The CPU's kernels by tactic name.
#pragma once

#include <span>

#include "plan/kernel.h"

namespace cermet::cpu {

std::span<const KernelEntry> kernels();

// The kernel of a step's choice, ours or the module's. Throws invalid_engine for a tactic or
// version that this release does not have, and what making the kernel throws.
std::unique_ptr<Kernel> make_kernel(const KernelContext& context);

// Runs any problem by its operator's reference kernel; the definition of all others.
std::unique_ptr<Kernel> make_reference_kernel(const KernelContext& context);

// Runs the operator of a plugin.
std::unique_ptr<Kernel> make_custom_kernel(const KernelContext& context);

// The same values under another layout.

}  // namespace cermet::cpu
