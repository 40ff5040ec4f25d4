#include "backends/cuda/run/memory.h"

#include "base/error.h"

namespace cermet::cuda {

MemorySource::MemorySource(DevicePointer device, DeviceAllocator* allocator, size_t limit)
    : device_(std::move(device)), allocator_(allocator), limit_(limit) {}

void MemorySource::count(size_t bytes) {
  const size_t before = used_.fetch_add(bytes);
  if (limit_ == 0 || (before <= limit_ && bytes <= limit_ - before)) return;
  used_.fetch_sub(bytes);
  fail(ErrorCode::out_of_memory,
       "{} more bytes of {} would exceed the limit of {} bytes that the engine was loaded with: {} "
       "are in use",
       bytes, device_->name(), limit_, before);
}

void* MemorySource::take(size_t bytes, CUstream stream) {
  count(bytes);
  try {
    const UsedDevice used(*device_);
    return allocator_ == nullptr ? take_from_driver(bytes) : take_from_allocator(bytes, stream);
  } catch (...) {
    used_.fetch_sub(bytes);
    throw;
  }
}

void* MemorySource::take_from_driver(size_t bytes) const {
  CUdeviceptr pointer = 0;
  const CUresult result = device_->driver().cuMemAlloc_v2(&pointer, bytes);
  if (result == CUDA_ERROR_OUT_OF_MEMORY)
    fail(ErrorCode::out_of_memory, "{} has no {} bytes left: {} are free of {}", device_->name(),
         bytes, device_->free_bytes(), device_->card().memory_bytes);
  device_->check(result, "taking memory");
  // An address of the device, which the driver gives as a number.
  return reinterpret_cast<void*>(pointer);  // NOLINT(performance-no-int-to-ptr)
}

void* MemorySource::take_from_allocator(size_t bytes, CUstream stream) const {
  void* const memory = allocator_->allocate(bytes, memory_alignment, device_->ordinal(), stream);
  require(memory != nullptr, ErrorCode::out_of_memory,
          "the caller's allocator gave no memory of {} when asked for {} bytes", device_->name(),
          bytes);
  const bool is_aligned = reinterpret_cast<uintptr_t>(memory) % memory_alignment == 0;
  if (is_aligned && device_->owns(memory)) return memory;
  allocator_->deallocate(memory, bytes, device_->ordinal(), stream);
  fail(ErrorCode::invalid_argument, "the caller's allocator gave {} when asked for {} bytes: {}",
       memory, bytes,
       is_aligned ? fmt::format("that is no memory of {}", device_->name())
                  : fmt::format("that is not aligned to {} bytes", memory_alignment));
}

void MemorySource::give_back(void* memory, size_t bytes, CUstream stream) noexcept {
  used_.fetch_sub(bytes);
  const UsedDevice used(*device_, std::nothrow);
  if (allocator_ != nullptr)
    return allocator_->deallocate(memory, bytes, device_->ordinal(), stream);
  device_->driver().cuMemFree_v2(reinterpret_cast<CUdeviceptr>(memory));
}

DeviceMemory::DeviceMemory(const DevicePointer& device, size_t bytes)
    : DeviceMemory(std::make_shared<MemorySource>(device), bytes, nullptr) {}

DeviceMemory::DeviceMemory(MemorySourcePointer source, size_t bytes, CUstream stream)
    : source_(std::move(source)), stream_(stream), bytes_(bytes) {
  if (bytes > 0) data_ = static_cast<std::byte*>(source_->take(bytes, stream));
}

DeviceMemory& DeviceMemory::operator=(DeviceMemory&& other) noexcept {
  if (this == &other) return *this;
  reset();
  swap(other);
  return *this;
}

void DeviceMemory::reset() noexcept {
  if (data_ != nullptr) source_->give_back(data_, bytes_, stream_);
  data_ = nullptr;
  bytes_ = 0;
}

void DeviceMemory::swap(DeviceMemory& other) noexcept {
  std::swap(source_, other.source_);
  std::swap(stream_, other.stream_);
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
}

std::shared_ptr<DeviceMemory> MemoryCache::take(size_t bytes) {
  DeviceMemory memory;
  constexpr size_t waste = 2;  // times the bytes that are asked for
  const auto fits = free_.lower_bound(bytes);
  if (fits != free_.end() && fits->first / waste <= bytes) {
    memory = std::move(fits->second);
    free_.erase(fits);
  } else {
    try {
      memory = DeviceMemory(source_, bytes, stream_);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::out_of_memory || free_.empty()) throw;
      free_.clear();
      memory = DeviceMemory(source_, bytes, stream_);
    }
  }
  const auto give_back = [cache = weak_from_this()](DeviceMemory* taken) {
    const std::unique_ptr<DeviceMemory> owner(taken);
    if (const auto alive = cache.lock()) alive->put(std::move(*owner));
  };
  return {new DeviceMemory(std::move(memory)), give_back};
}

void MemoryCache::put(DeviceMemory memory) {
  constexpr size_t most = 64;  // pieces; more are those of sizes that do not come again
  if (memory.bytes() == 0) return;
  if (free_.size() >= most) free_.erase(free_.begin());
  const size_t bytes = memory.bytes();
  free_.emplace(bytes, std::move(memory));
}

}  // namespace cermet::cuda
