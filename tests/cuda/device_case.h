// Running one step by a tactic of the GPU and by the reference kernel, for tests. On a machine
// without a GPU the emulator of tests/fake_cuda stands in for driver and compiler.
#pragma once

#include <string_view>

#include "backends/cuda/build/compiler.h"
#include "backends/cuda/run/device.h"
#include "tests/support/kernel_case.h"

namespace cermet::testing {

// The card and the compiler of all tests; made on first use.
const cuda::DevicePointer& test_device();
cuda::Compiler& test_compiler();

// The tactic of that name. Throws internal where there is none.
const Tactic& cuda_tactic(std::string_view name);

// Why the tactic rejects the case; empty when it takes it.
std::string rejection(KernelCase what, const Tactic& tactic);

// Runs configurations of the tactic on the case, with its sizes known when the kernel is made
// and once more with all sizes but 1 as symbols (where the tactic takes that), and compares with
// the reference; two runs have to give the same bits. Fails where the tactic rejects the case.
// Elements may differ by absolute + relative * |expected|. `fixed`: sizes that stay numbers where
// the others are symbols. With CERMET_COMPILE_FOR="sm_80,sm_90a" in the environment nothing runs:
// kernels are only compiled for these. Unless CERMET_THOROUGH is set, each of the two runs takes
// but one of the configurations, chosen by the problem's text; CERMET_COMPILE_PART=20 compiles one
// case in 20, and CERMET_CASES=pairs leaves out what case_choice.h says.
void expect_same_on_device(KernelCase what, const Tactic& tactic, Tolerance tolerance = {},
                           const std::vector<int64_t>& fixed = {});

// The results, as they lie, of the tactic's first configuration. The operands of the problem follow
// from `what` and the types of the results, without running the reference.
std::vector<Tensor> run_on_device(KernelCase what, const Tactic& tactic,
                                  const std::vector<std::pair<ElementType, Shape>>& outputs);

}  // namespace cermet::testing
