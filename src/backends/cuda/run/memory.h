// A GPU's memory: from the driver or the caller's allocator, within a limit.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>

#include "backends/cuda/run/device.h"
#include "cermet/device_memory.h"

namespace cermet::cuda {

inline constexpr size_t memory_alignment = 256;  // as the driver's own memory has

// Where memory of one device comes from. Safe to share between threads.
class MemorySource {
 public:
  // `allocator`: nullptr for the driver's memory. `limit`: most bytes that are in use at a time; 0:
  // none.
  explicit MemorySource(DevicePointer device, DeviceAllocator* allocator = nullptr,
                        size_t limit = 0);

  const DevicePointer& device() const { return device_; }
  size_t used_bytes() const { return used_.load(std::memory_order_relaxed); }
  // At least one byte, which what is put into `stream` from now on may use. Throws out_of_memory
  // naming bytes, card and what is free or allowed; invalid_argument for what an allocator gives
  // that is no such memory.
  void* take(size_t bytes, CUstream stream);
  // What was put into `stream` before may still use it.
  void give_back(void* memory, size_t bytes, CUstream stream) noexcept;

 private:
  void* take_from_driver(size_t bytes) const;
  void* take_from_allocator(size_t bytes, CUstream stream) const;
  void count(size_t bytes);

  DevicePointer device_;
  DeviceAllocator* allocator_;
  size_t limit_;
  std::atomic<size_t> used_ = 0;
};
using MemorySourcePointer = std::shared_ptr<MemorySource>;

// Bytes of the device's memory.
class DeviceMemory {
 public:
  DeviceMemory() = default;
  // The driver's. Throws out_of_memory. 0 bytes: nothing is taken.
  DeviceMemory(const DevicePointer& device, size_t bytes);
  // For what runs in `stream`, which outlives it.
  DeviceMemory(MemorySourcePointer source, size_t bytes, CUstream stream);
  ~DeviceMemory() { reset(); }
  DeviceMemory(DeviceMemory&& other) noexcept { swap(other); }
  DeviceMemory& operator=(DeviceMemory&& other) noexcept;

  std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  void reset() noexcept;

 private:
  void swap(DeviceMemory& other) noexcept;

  MemorySourcePointer source_;
  CUstream stream_ = nullptr;
  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
};

// Memory for values whose sizes come with the data: what one run gives back the next one takes,
// without a call of the driver, which would wait for the whole card. All in one stream, in order;
// belongs to one thread at a time.
class MemoryCache : public std::enable_shared_from_this<MemoryCache> {
 public:
  MemoryCache(MemorySourcePointer source, CUstream stream)
      : source_(std::move(source)), stream_(stream) {}

  // Throws as MemorySource::take(). What it gives may outlive the cache.
  std::shared_ptr<DeviceMemory> take(size_t bytes);

 private:
  void put(DeviceMemory memory);

  MemorySourcePointer source_;
  CUstream stream_;
  std::multimap<size_t, DeviceMemory> free_;  // by bytes
};

}  // namespace cermet::cuda
