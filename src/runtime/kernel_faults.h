// What kernels of the GPU tell of data that contradict the model.
#pragma once

#include <vector>

#include "backends/cuda/run/device.h"
#include "runtime/engine_impl.h"

namespace cermet {

// Belongs to one context. A place for each step that can find a fault, in memory of the host that
// kernels reach, so that to look costs no copy.
class KernelFaults {
 public:
  // Throws out_of_memory. Without a device there are none.
  explicit KernelFaults(const Engine::Impl& engine);

  // For the step's launches; nullptr where it finds none.
  void* of_step(size_t index) const;
  // Throws runtime naming the step for what was told since the last call, of runs that are over;
  // that is forgotten then.
  void check();

 private:
  KernelFault* faults() const { return static_cast<KernelFault*>(memory_.get()); }

  cuda::HostMemory memory_;
  std::vector<const Step*> steps_;  // by place
  std::vector<int> places_;         // by step; -1: none
};

}  // namespace cermet
