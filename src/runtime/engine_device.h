// What an engine keeps on a GPU: its kernels and its constants, for all contexts.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "backends/cuda/run/memory.h"
#include "backends/cuda/run/program_kernel.h"
#include "cermet/engine.h"

namespace cermet {

class EngineDevice {
 public:
  // Opens the card, loads the plan's machine code and copies the constants that the device reads.
  // Throws device naming driver, card and what is needed, out_of_memory.
  EngineDevice(const Plan& plan, const EngineOptions& options);

  const cuda::DevicePointer& device() const { return device_; }
  // For the contexts' memory too.
  const cuda::MemorySourcePointer& source() const { return source_; }
  const cuda::LoadedModules& modules() const { return modules_; }
  // Where the device has a constant of the plan; nullptr where no step there reads it.
  const void* constant(int32_t index) const;
  size_t constant_bytes() const { return memory_.bytes(); }
  // A point in time from which contexts that measure count, the same for all that do so at once.
  std::shared_ptr<const cuda::Event> origin() const;

 private:
  void copy_constants(const Plan& plan);

  cuda::DevicePointer device_;
  cuda::MemorySourcePointer source_;
  cuda::Stream stream_;
  cuda::LoadedModules modules_;
  cuda::DeviceMemory memory_;
  std::vector<const void*> constants_;  // by constant
  mutable std::mutex origin_mutex_;
  mutable std::weak_ptr<const cuda::Event> origin_;
};

}  // namespace cermet
