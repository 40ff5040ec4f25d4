// Puts the source of a kernel together, and the launch that goes with it.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "plan/device_program.h"
#include "tactics/tactic.h"

namespace cermet::cuda {

// The C++ type that holds an element in memory ("half_t"), and the one that it is computed in
// ("float"). Throws internal for types that kernels don't have; see has_kernel_type().
std::string_view storage_type(ElementType type);
std::string_view compute_type(ElementType type);
// A float of 8 bits.
bool is_small_float(ElementType type);
// Whole bytes, real, and known to kernels.
bool has_kernel_type(ElementType type);

// Why kernels can't take the problem's operands (no tensors, unknown ranks, types without kernels,
// blocked layouts, rows of a pitch unless `takes_pitch`, absent first result), in words.
std::optional<std::string> rejects_operands(const Problem& problem, bool takes_pitch = false);

// How a kernel is launched: blocks along each axis, threads of a block, dynamic shared memory.
struct Grid {
  std::array<Dim, 3> blocks{1, 1, 1};
  std::array<int32_t, 3> threads{1, 1, 1};
  Dim shared_bytes = 0;
  int blocks_per_multiprocessor = 0;  // that have to fit, for __launch_bounds__; 0: any
};

// One kernel of a step. Every pointer that a kernel gets is aligned to 16 bytes.
class KernelWriter {
 public:
  KernelWriter(const Problem& problem, std::string function);

  const Problem& problem() const { return problem_; }
  // Sizes of an operand: numbers where the problem fixes them, else symbols of operand_size().
  Dims input_dims(size_t i) const;
  Dims output_dims(size_t i) const;

  // The value as text: a literal, or the name of a parameter that brings it.
  std::string value(const Dim& dim);
  // The name of a parameter that brings it even where it is known, so that launches which differ in
  // it alone share a kernel.
  std::string argument(const Dim& dim);
  // Names of parameters that point to operands: "in0", of type const T* __restrict__, and "out0".
  std::string input(size_t i);
  std::string output(size_t i);
  // The same without __restrict__, where an operand may be a result's memory.
  std::string input_may_alias(size_t i);
  std::string output_may_alias(size_t i);
  // With elements of a type that the caller names, for kernels that only move bytes.
  std::string input_as(size_t i, std::string_view type);
  std::string output_as(size_t i, std::string_view type);
  std::string input_may_alias_as(size_t i, std::string_view type);
  std::string output_may_alias_as(size_t i, std::string_view type);
  // A pointer into the step's workspace, `offset` bytes from its start.
  std::string workspace(std::string_view type, const Dim& offset);

  // A pointer to where the step's faults are told (KernelFault, "fault_t*"), for fault.cu.
  std::string fault();

  // A statement that tells of a dimension without elements of which `wanted` are wanted, and then
  // does `otherwise` ("return", "continue"). Empty where the size is known to be more than 0.
  std::string unless_empty(const Dim& size, const Dim& wanted, std::string_view otherwise);

  // A file of build/kernels, once, before everything that is declared.
  void include(std::string_view file);
  // Constants and functions before the kernel.
  void declare(std::string_view text);
  // "constexpr int NAME = VALUE;"
  void constant(std::string_view name, int64_t value);
  // Statements of the kernel.
  void body(std::string_view text);

  // Adds the kernel and its launch to what the step runs.
  void finish(const Grid& grid, DeviceSource& into);

 private:
  std::string parameter(const LaunchArgument& argument, std::string name, std::string declaration);

  const Problem& problem_;
  std::string function_;
  std::vector<std::string> files_;
  std::string declarations_, body_;
  struct Parameter {
    LaunchArgument argument;
    std::string name, declaration;
  };
  std::vector<Parameter> parameters_;
};

// "int" where every one of these products of sizes is known to be less than 2^31, else "int64".
std::string_view index_type(std::initializer_list<Dims> shapes);

// Blocks for a loop over `elements` in which a block does `per_block`: as many as there is work
// for, at most so many that the loop strides; a grid-stride loop is expected.
Dim blocks_for(const Dim& elements, int64_t per_block);

}  // namespace cermet::cuda
