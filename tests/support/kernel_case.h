// Running one step by a kernel and by the reference kernel, for tests.
#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "backends/cpu/run/own_kernels.h"
#include "plan/kernel.h"

namespace cermet::testing {

// A step by hand. `inputs` are row-major; `layouts` says how the kernel under test gets them, and
// `output_layouts` how it gives its results (row-major where there is no entry).
struct KernelCase {
  Problem problem;  // operands are filled in from the tensors
  std::vector<std::optional<Tensor>> inputs;
  std::vector<bool> constant;
  std::vector<Layout> layouts, output_layouts;
  size_t output_count = 1;
  std::string configuration;  // of the choice
};

KernelCase kernel_case(ProblemKind kind, std::string op, std::vector<std::optional<Tensor>> inputs,
                       Attributes attributes = {});
// As text; %N are nodes, see ScalarExpr::parse.
KernelCase pointwise_case(std::string_view expression, std::vector<std::optional<Tensor>> inputs);

// The epilogue's operands are the inputs that come behind those which the case has now.
void add_epilogue(KernelCase& what, std::string_view expression);

struct KernelRun {
  cpu::OwnKernelFactory make = nullptr;
  InstructionSet set = InstructionSet::portable;
  int threads = 1;
  bool in_place = false;    // the first output is the first input's memory
  size_t misalignment = 0;  // bytes by which inputs and outputs begin off their alignment
};

// Fills in the operands of the problem and gives the results, row-major.
std::vector<Tensor> run_reference(KernelCase& what);
// After run_reference. Results are row-major again.
std::vector<Tensor> run_kernel(const KernelCase& what, const KernelRun& how);

// Both, on every instruction set of this machine with 1 to 3 threads and unaligned memory. Elements
// may differ by absolute + relative * |expected|.
struct Tolerance {
  double relative = 1e-6;
  double absolute = 0;
};
void expect_same_as_reference(KernelCase what, cpu::OwnKernelFactory make,
                              Tolerance tolerance = {});
void expect_close(const Tensor& expected, const Tensor& got, Tolerance tolerance,
                  const std::string& what);

std::vector<InstructionSet> available_sets();

// Seeded numbers of any type: floats in [low, high), integers too.
Tensor random_tensor(ElementType type, Shape shape, double low = -3, double high = 3,
                     uint32_t seed = 1);

}  // namespace cermet::testing
