#include "cermet/device_memory.h"

#include "backends/cuda/run/memory.h"
#include "base/error.h"

namespace cermet {

struct DeviceBuffer::Impl {
  Impl(size_t bytes, int ordinal)
      : device(cuda::Device::open(ordinal)),
        memory(device, bytes),
        stream(cuda::make_stream(device)) {}

  void check(size_t wanted) const {
    require(wanted <= memory.bytes(), ErrorCode::out_of_range,
            "copying {} bytes, the buffer on {} has {}", wanted, device->name(), memory.bytes());
  }

  cuda::DevicePointer device;
  cuda::DeviceMemory memory;
  cuda::Stream stream;  // of the copies
};

DeviceBuffer::DeviceBuffer(size_t bytes, int device)
    : impl_(std::make_unique<Impl>(bytes, device)) {}
DeviceBuffer::~DeviceBuffer() = default;
DeviceBuffer::DeviceBuffer(DeviceBuffer&&) noexcept = default;
DeviceBuffer& DeviceBuffer::operator=(DeviceBuffer&&) noexcept = default;

void* DeviceBuffer::data() const { return impl_->memory.data(); }
size_t DeviceBuffer::bytes() const { return impl_->memory.bytes(); }
int DeviceBuffer::device() const { return impl_->device->ordinal(); }

void DeviceBuffer::copy_from_host(const void* from, size_t bytes) {
  impl_->check(bytes);
  const cuda::UsedDevice used(*impl_->device);
  cuda::copy_to_device(*impl_->device, data(), from, bytes, impl_->stream.get());
  cuda::synchronize(*impl_->device, impl_->stream.get());
}

void DeviceBuffer::copy_to_host(void* to, size_t bytes) const {
  impl_->check(bytes);
  const cuda::UsedDevice used(*impl_->device);
  cuda::copy_to_host(*impl_->device, to, data(), bytes, impl_->stream.get());
  cuda::synchronize(*impl_->device, impl_->stream.get());
}

struct DeviceStream::Impl {
  explicit Impl(int ordinal)
      : device(cuda::Device::open(ordinal)), stream(cuda::make_stream(device)) {}

  cuda::DevicePointer device;
  cuda::Stream stream;
};

DeviceStream::DeviceStream(int device) : impl_(std::make_unique<Impl>(device)) {}
DeviceStream::~DeviceStream() = default;
DeviceStream::DeviceStream(DeviceStream&&) noexcept = default;
DeviceStream& DeviceStream::operator=(DeviceStream&&) noexcept = default;

void* DeviceStream::handle() const { return impl_->stream.get(); }

void DeviceStream::wait() {
  const cuda::UsedDevice used(*impl_->device);
  cuda::synchronize(*impl_->device, impl_->stream.get());
}

struct DeviceTimer::Impl {
  explicit Impl(const DeviceStream::Impl& of)
      : device(of.device),
        stream(of.stream.get()),
        begin(cuda::make_event(device, true)),
        end(cuda::make_event(device, true)) {}

  void record(const cuda::Event& event) const {
    const cuda::UsedDevice used(*device);
    device->check(device->driver().cuEventRecord(event.get(), stream), "recording an event");
  }

  cuda::DevicePointer device;
  cuda::CUstream stream;
  cuda::Event begin, end;
};

DeviceTimer::DeviceTimer(const DeviceStream& stream)
    : impl_(std::make_unique<Impl>(*stream.impl_)) {}
DeviceTimer::~DeviceTimer() = default;
DeviceTimer::DeviceTimer(DeviceTimer&&) noexcept = default;
DeviceTimer& DeviceTimer::operator=(DeviceTimer&&) noexcept = default;

void DeviceTimer::start() { impl_->record(impl_->begin); }
void DeviceTimer::stop() { impl_->record(impl_->end); }

double DeviceTimer::milliseconds() const {
  const cuda::UsedDevice used(*impl_->device);
  return cuda::milliseconds_between(*impl_->device, impl_->begin.get(), impl_->end.get());
}

}  // namespace cermet
