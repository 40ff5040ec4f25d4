// A context's activations on the GPU: memory of its own that grows, or the caller's.
#pragma once

#include "runtime/device_queue.h"

namespace cermet {

class DeviceArena {
 public:
  // `takes_memory`: whether there is any before use() gave some.
  DeviceArena(DeviceQueue* queue, bool takes_memory) : queue_(queue), takes_memory_(takes_memory) {}

  // Uses the caller's from now on; nullptr: its own again. Throws invalid_argument for memory that
  // is not aligned or not the device's.
  void use(void* memory, size_t bytes);
  // At least so many bytes. Where it has to grow the runs that are under way end first, and what
  // was there is given back. Throws out_of_memory naming the bytes, invalid_argument where it has
  // none and may take none.
  std::byte* reserve(size_t bytes);

 private:
  DeviceQueue* queue_;  // nullptr: there is no device, and nothing to reserve
  bool takes_memory_;
  cuda::DeviceMemory own_;
  std::byte* given_ = nullptr;
  size_t given_bytes_ = 0;
};

}  // namespace cermet
