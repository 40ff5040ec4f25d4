// Runs the program of a step by itself: for validation, and to measure it.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "backends/cuda/build/compiler.h"
#include "backends/cuda/run/memory.h"
#include "backends/cuda/run/program_kernel.h"
#include "tactics/typical_shapes.h"

namespace cermet::cuda {

// The plan's only step, compiled for the device and bound to shapes, with memory of its own.
class LoneRun {
 public:
  LoneRun(DevicePointer device, Compiler& compiler, Plan plan, const TypicalShapes& shapes);

  // What the operand's memory is to hold, row-major; constants of the plan are there already.
  void set_input(size_t i, const Tensor& tensor);
  // Fills operands that are no constants with numbers around 0, integers with zeros.
  void fill_inputs();
  // Results get bytes of 0xFF first, floats that are NaN.
  void poison_outputs();
  void run();
  // Microseconds of one run of `runs` in a row, between events.
  double time(int runs);
  // Captures some runs as one graph, more of them the shorter one is, and launches it once.
  void capture();
  // Microseconds of one of the captured runs.
  double time_captured();
  // Each in its buffer's layout; waits for the runs.
  std::vector<std::optional<Tensor>> outputs();

 private:
  template <class Work>
  double time_between_events(const Work& work);
  const Step& step() const { return plan_.root.steps[0]; }

  DevicePointer device_;
  Plan plan_;
  TypicalShapes shapes_;
  Stream stream_;
  std::optional<LoadedModules> modules_;
  std::unique_ptr<Kernel> kernel_;
  std::unique_ptr<BoundKernel> bound_;
  std::vector<DeviceMemory> inputs_, outputs_;
  DeviceMemory workspace_;
  std::vector<const void*> input_pointers_;
  std::vector<void*> output_pointers_;
  Event begin_, end_;
  Graph graph_;  // of captured runs
  int captured_ = 0;
};

// The results of the plan's only step, each in its buffer's layout. `inputs` are row-major; those
// that are constants of the plan are not looked at.
std::vector<std::optional<Tensor>> run_step(const DevicePointer& device, Compiler& compiler,
                                            const Plan& plan,
                                            const std::vector<std::optional<Tensor>>& inputs,
                                            const TypicalShapes& shapes);

}  // namespace cermet::cuda
