// Operators that only move elements, as strided copies.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backends/cpu/run/strided_copy.h"
#include "plan/kernel.h"

namespace cermet::cpu {

// One copy of a step, from an input into an output.
struct MovementCopy {
  size_t input = 0, output = 0;
  StridedCopy copy;
};

// What a movement needs to know when it is bound.
struct MovementContext {
  const Problem& problem;
  const KernelContext& kernel;
  const BindContext& bind;
  InstructionSet set;

  const Shape& input(size_t i) const { return *bind.inputs[i]; }
  const Shape& output(size_t i) const { return *bind.outputs[i]; }
  std::vector<int64_t> input_strides(size_t i) const;
  std::vector<int64_t> output_strides(size_t i) const;
  size_t element_bytes() const;
  // The elements of a constant integer input; nothing when it is absent.
  std::optional<std::vector<int64_t>> integers(size_t i) const;
  int axis(int64_t value, size_t rank) const;

  // A copy over the output's dimensions, in the order of its memory.
  MovementCopy copy(size_t from, std::vector<int64_t> from_strides, int64_t from_offset, size_t to,
                    const Shape& sizes, std::vector<int64_t> to_strides, int64_t to_offset) const;
};

using MakeCopies = std::vector<MovementCopy> (*)(const MovementContext&);

struct MovementRule {
  std::string_view op;
  MakeCopies make;
  // Inputs from here on have to be constants; 0: none has.
  size_t constants_from = 0;
  bool row_major_only = false;
};
// nullptr for an operator that has none.
const MovementRule* find_movement_rule(const Problem& problem);

// Does them one after the other, each shared out to all threads.
std::unique_ptr<BoundKernel> bind_copies(std::vector<MovementCopy> copies);

std::vector<MovementCopy> pad_copies(const MovementContext& context);

// Why the kernels of this file and Gather's can't compute it; nothing when they can. `constant`
// tells whether an input is one.
std::optional<std::string> movement_rejects(const Problem& problem,
                                            const std::vector<bool>& constant);

std::unique_ptr<Kernel> make_gather_kernel(const KernelContext& context);

}  // namespace cermet::cpu
