// The kernels of a plan's steps on a device: every one is a program of launches, or a call of a
// library.
#pragma once

#include <memory>

#include "backends/cuda/run/device.h"
#include "backends/cuda/run/library_calls.h"
#include "plan/kernel.h"

namespace cermet::cuda {

// A plan's machine code, loaded for one device, and the libraries that it calls. Safe to share
// between threads.
class LoadedModules {
 public:
  // Throws device naming the architectures that the plan has where none is for this card, or the
  // library that is missing.
  LoadedModules(DevicePointer device, const Plan& plan);

  const Device& device() const { return *device_; }
  const CallLibraries& libraries() const { return libraries_; }
  // A function of a module, which may use so many bytes of dynamic shared memory.
  CUfunction function(int32_t module, const std::string& name, int64_t shared_bytes) const;

 private:
  DevicePointer device_;
  CallLibraries libraries_;
  std::vector<Module> modules_;
};

// The kernel of a step that has a program. `modules` outlives it; nullptr: there is no device, and
// the kernel only says what it would need.
std::unique_ptr<Kernel> make_program_kernel(const LoadedModules* modules, const Step& step);

}  // namespace cermet::cuda
