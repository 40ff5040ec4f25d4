#include "runtime/device_arena.h"

#include "base/error.h"

namespace cermet {

void DeviceArena::use(void* memory, size_t bytes) {
  const cuda::Device& device = *queue_->device();
  require(memory == nullptr || device.owns(memory), ErrorCode::invalid_argument,
          "the memory given to the context at {} is not of {}", memory, device.name());
  require(reinterpret_cast<uintptr_t>(memory) % cuda::memory_alignment == 0,
          ErrorCode::invalid_argument,
          "the memory given to the context at {} is not aligned to {} bytes", memory,
          cuda::memory_alignment);
  given_ = static_cast<std::byte*>(memory);
  given_bytes_ = memory != nullptr ? bytes : 0;
  if (memory == nullptr || own_.bytes() == 0) return;
  queue_->wait_for_runs();
  own_.reset();
}

std::byte* DeviceArena::reserve(size_t bytes) {
  if (queue_ == nullptr) return nullptr;
  if (given_ != nullptr) {
    require(bytes <= given_bytes_, ErrorCode::out_of_memory,
            "the run needs {} bytes of {} for activations, the context was given {}", bytes,
            queue_->device()->name(), given_bytes_);
    return given_;
  }
  if (bytes <= own_.bytes()) return own_.data();
  require(takes_memory_, ErrorCode::invalid_argument,
          "the run needs {} bytes of {} for activations, and the context may take none: give it "
          "some by set_device_memory()",
          bytes, queue_->device()->name());
  queue_->wait_for_runs();
  own_.reset();
  own_ = with_context([] { return "activations of the run"; },
                      [&] { return queue_->allocate_for_all_streams(bytes); });
  return own_.data();
}

}  // namespace cermet
