// One GPU: its context, and what is made in it. Handles are given back when their owners go.
#pragma once

#include <memory>
#include <new>
#include <optional>
#include <string>

#include "backends/cuda/run/cards.h"
#include "backends/cuda/run/driver.h"

namespace cermet::cuda {

// The card's primary context, which other libraries of the process share. Safe to share between
// threads. Whatever is made in it keeps it.
class Device {
 public:
  // Throws device naming driver, card and what is needed.
  static std::shared_ptr<const Device> open(int ordinal);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const Driver& driver() const { return driver_; }
  const Card& card() const { return card_; }
  int ordinal() const { return ordinal_; }
  // "cuda:0 (NVIDIA H200, sm_90)"
  std::string name() const;
  // Makes the context the calling thread's, as calls of the driver need.
  void use() const;
  size_t free_bytes() const;
  // The number of the card whose memory the address is in; nothing for the host's.
  std::optional<int> card_of_address(const void* pointer) const;
  // Whether it is this card's.
  bool owns(const void* pointer) const;
  // Whether the driver knows the address: the memory of a card, or page-locked of the host.
  bool knows(const void* pointer) const;
  // Throws as Driver::check() does, naming the card; `what` was tried: "copying an input".
  void check(CUresult result, const char* what) const;

 private:
  friend class UsedDevice;
  explicit Device(int ordinal);

  Driver driver_;
  int ordinal_;
  CUdevice device_ = 0;
  CUcontext context_ = nullptr;
  Card card_;
};
using DevicePointer = std::shared_ptr<const Device>;

// While it lives, the device's context is the calling thread's. Then the one before is again: the
// caller's own calls may be for another card.
class UsedDevice {
 public:
  explicit UsedDevice(const Device& device);  // throws device
  // For what gives handles back and has nobody to tell of an error.
  UsedDevice(const Device& device, std::nothrow_t) noexcept;
  ~UsedDevice();
  UsedDevice(const UsedDevice&) = delete;
  UsedDevice& operator=(const UsedDevice&) = delete;

 private:
  const Device& device_;
  CUcontext before_ = nullptr;
};

// A handle of the driver with the call that gives it back.
template <class Handle, CUresult (*Driver::*release)(Handle)>
class Owned {
 public:
  Owned() = default;
  Owned(DevicePointer device, Handle handle) : device_(std::move(device)), handle_(handle) {}
  ~Owned() { reset(); }
  Owned(Owned&& other) noexcept { swap(other); }
  Owned& operator=(Owned&& other) noexcept {
    swap(other);
    return *this;
  }

  Handle get() const { return handle_; }
  explicit operator bool() const { return handle_ != Handle{}; }
  const DevicePointer& device() const { return device_; }
  void reset() {
    if (handle_ == Handle{}) return;
    const UsedDevice used(*device_, std::nothrow);
    (device_->driver().*release)(handle_);
    handle_ = Handle{};
  }

 private:
  void swap(Owned& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(handle_, other.handle_);
  }

  DevicePointer device_;
  Handle handle_{};
};

using Stream = Owned<CUstream, &Driver::cuStreamDestroy_v2>;
using Event = Owned<CUevent, &Driver::cuEventDestroy_v2>;
using GraphTemplate = Owned<CUgraph, &Driver::cuGraphDestroy>;
using Graph = Owned<CUgraphExec, &Driver::cuGraphExecDestroy>;
using Module = Owned<CUmodule, &Driver::cuModuleUnload>;
using HostMemory = Owned<void*, &Driver::cuMemFreeHost>;

Stream make_stream(const DevicePointer& device);
// Page-locked; nothing where the system has none left.
HostMemory make_host_memory(const DevicePointer& device, size_t bytes);
Event make_event(const DevicePointer& device, bool timing);
// Waits until the stream has come to `end`. Both events are of those that time.
double milliseconds_between(const Device& device, CUevent begin, CUevent end);

// What is put into a stream runs behind what is there. Throws device.
void copy_to_device(const Device& device, void* to, const void* from, size_t bytes,
                    CUstream stream);
void copy_to_host(const Device& device, void* to, const void* from, size_t bytes, CUstream stream);
void copy_on_device(const Device& device, void* to, const void* from, size_t bytes,
                    CUstream stream);
// Waits for everything in the stream; a fault of a kernel comes out here.
void synchronize(const Device& device, CUstream stream);

}  // namespace cermet::cuda
