// Memory, streams and times of a GPU, for programs that keep their tensors there.
#pragma once

#include <cstddef>
#include <memory>

namespace cermet {

// Where a GPU's memory comes from; users may give their own (EngineOptions::device_allocator), such
// as a pool that they share with other libraries. Thread safe; has to outlive the engines that use
// it and their contexts. The GPU's context is current when it is called.
class DeviceAllocator {
 public:
  virtual ~DeviceAllocator() = default;
  // At least `bytes` bytes, one or more, of the memory of GPU `device` at a multiple of `alignment`
  // (a power of two), which what is put into `stream` (a CUstream) from then on may use. nullptr:
  // there are no more; what asked for them throws out_of_memory.
  virtual void* allocate(size_t bytes, size_t alignment, int device, void* stream) = 0;
  // Gives back what allocate(bytes, ..) returned. What was put into `stream` before may still use
  // it.
  virtual void deallocate(void* memory, size_t bytes, int device, void* stream) noexcept = 0;
};

// Bytes in a GPU's memory. data() goes where a tensor's data go: into a ConstTensorView for
// ExecutionContext::set_input(), into ExecutionContext::set_output_memory().
class DeviceBuffer {
 public:
  // Throws device where that card can't be used, out_of_memory.
  explicit DeviceBuffer(size_t bytes, int device = 0);
  ~DeviceBuffer();
  DeviceBuffer(DeviceBuffer&&) noexcept;
  DeviceBuffer& operator=(DeviceBuffer&&) noexcept;

  void* data() const;  // not for the host to read; nullptr where there are no bytes
  size_t bytes() const;
  int device() const;
  // The first `bytes` bytes; both return when they are there, and do not wait for what streams
  // still have to do. Throw out_of_range for more bytes than there are.
  void copy_from_host(const void* from, size_t bytes);
  void copy_to_host(void* to, size_t bytes) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Work for a GPU that is done in order.
class DeviceStream {
 public:
  explicit DeviceStream(int device = 0);  // throws device
  ~DeviceStream();
  DeviceStream(DeviceStream&&) noexcept;
  DeviceStream& operator=(DeviceStream&&) noexcept;

  void* handle() const;  // a CUstream (cudaStream_t is the same), for ExecutionContext::enqueue()
  // Returns when everything in the stream is done. Throws device for a fault of what ran.
  void wait();

 private:
  friend class DeviceTimer;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The time between two points of a stream, by the GPU's own clock.
class DeviceTimer {
 public:
  explicit DeviceTimer(const DeviceStream& stream);  // throws device; the stream has to outlive it
  ~DeviceTimer();
  DeviceTimer(DeviceTimer&&) noexcept;
  DeviceTimer& operator=(DeviceTimer&&) noexcept;

  void start();
  void stop();
  // From the last start() to the last stop(); waits until the stream has come there.
  double milliseconds() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cermet
