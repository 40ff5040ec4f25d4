// What an engine keeps on a GPU: its kernels and its constants, for all contexts.
#pragma once

#include <vector>

#include "backends/cuda/run/program_kernel.h"

namespace cermet {

class EngineDevice {
 public:
  // Opens the card, loads the plan's machine code and copies the constants that the device reads.
  // Throws device naming driver, card and what is needed, out_of_memory.
  EngineDevice(const Plan& plan, int ordinal);

  const cuda::DevicePointer& device() const { return device_; }
  const cuda::LoadedModules& modules() const { return modules_; }
  // Where the device has a constant of the plan; nullptr where no step there reads it.
  const void* constant(int32_t index) const;
  size_t constant_bytes() const { return memory_.bytes(); }

 private:
  void copy_constants(const Plan& plan);

  cuda::DevicePointer device_;
  cuda::LoadedModules modules_;
  cuda::DeviceMemory memory_;
  std::vector<const void*> constants_;  // by constant
};

}  // namespace cermet
