// Page-locked memory of the host that copies to and from the GPU go through.
#pragma once

#include <vector>

#include "backends/cuda/run/device.h"

namespace cermet {

// Belongs to one context. The driver copies pageable memory piece by piece and holds up the thread
// meanwhile; page-locked memory is copied while the host goes on.
class HostStaging {
 public:
  explicit HostStaging(cuda::DevicePointer device) : device_(std::move(device)) {}

  // Memory that nobody uses until reset(); nullptr where so much is not worth it, or there is none:
  // the driver then copies by itself. Throws device.
  std::byte* take(size_t bytes);
  // All of it is free again.
  void reset();

 private:
  struct Block {
    cuda::HostMemory memory;
    size_t bytes = 0, used = 0;
  };

  cuda::DevicePointer device_;
  std::vector<Block> blocks_;
  size_t total_ = 0;   // of all blocks
  size_t wanted_ = 0;  // since the last reset(): how large one block should have been
};

}  // namespace cermet
