#include "runtime/host_staging.h"

#include <algorithm>

namespace cermet {
namespace {

constexpr size_t most_bytes = 32 << 20;  // of one context; page-locked memory is the system's too
constexpr size_t alignment = 256;

size_t aligned(size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

}  // namespace

std::byte* HostStaging::take(size_t bytes) {
  if (bytes == 0 || bytes > most_bytes) return nullptr;
  bytes = aligned(bytes);
  if (blocks_.empty() || blocks_.back().bytes - blocks_.back().used < bytes) {
    const size_t size = std::max(bytes, wanted_);
    if (total_ + size > most_bytes) return nullptr;
    cuda::HostMemory memory = cuda::make_host_memory(device_, size);
    if (!memory) return nullptr;
    blocks_.push_back({std::move(memory), size, 0});
    total_ += size;
  }
  Block& block = blocks_.back();
  std::byte* const taken = static_cast<std::byte*>(block.memory.get()) + block.used;
  block.used += bytes;
  return taken;
}

// Several blocks become one at the next take(), as large as they were together.
void HostStaging::reset() {
  if (blocks_.size() > 1) {
    wanted_ = total_;
    blocks_.clear();
    total_ = 0;
  }
  for (Block& block : blocks_) block.used = 0;
}

}  // namespace cermet
