// Memory, streams and times of a GPU, for programs that keep their tensors there.
#pragma once

#include <cstddef>
#include <memory>

namespace cermet {

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
