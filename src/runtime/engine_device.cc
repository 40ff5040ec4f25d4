#include "runtime/engine_device.h"

#include "base/error.h"

namespace cermet {
namespace {

constexpr size_t alignment = 256;  // of constants, so that any load of theirs is one of whole lines

size_t aligned(size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

}  // namespace

EngineDevice::EngineDevice(const Plan& plan, const EngineOptions& options)
    : device_(cuda::Device::open(options.device)),
      source_(std::make_shared<cuda::MemorySource>(device_, options.device_allocator,
                                                   options.device_memory_limit)),
      stream_(cuda::make_stream(device_)),
      modules_(device_, plan),
      constants_(plan.constants.size(), nullptr) {
  copy_constants(plan);
}

const void* EngineDevice::constant(int32_t index) const { return constants_.at(index); }

// The time between two events is a float: it is exact to a microsecond for some seconds only.
std::shared_ptr<const cuda::Event> EngineDevice::origin() const {
  const std::lock_guard lock(origin_mutex_);
  if (auto known = origin_.lock()) return known;
  const cuda::UsedDevice used(*device_);
  auto event = std::make_shared<const cuda::Event>(cuda::make_event(device_, true));
  device_->check(device_->driver().cuEventRecord(event->get(), stream_.get()),
                 "recording an event");
  cuda::synchronize(*device_, stream_.get());
  origin_ = event;
  return event;
}

void EngineDevice::copy_constants(const Plan& plan) {
  std::vector<size_t> offsets(plan.constants.size());
  std::vector<bool> wanted(plan.constants.size(), false);
  for (const Buffer& buffer : plan.buffers)
    if (buffer.storage == Storage::constant && buffer.place == Place::device)
      wanted[buffer.constant] = true;
  size_t bytes = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (!wanted[i]) continue;
    offsets[i] = bytes;
    bytes += aligned(plan.constants[i].tensor.bytes());
  }
  memory_ = with_context([] { return "the engine's constants"; },
                         [&] { return cuda::DeviceMemory(source_, bytes, stream_.get()); });
  const cuda::UsedDevice used(*device_);
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (!wanted[i]) continue;
    const Tensor& tensor = plan.constants[i].tensor;
    std::byte* const to = memory_.data() + offsets[i];
    cuda::copy_to_device(*device_, to, tensor.data(), tensor.bytes(), stream_.get());
    constants_[i] = to;
  }
  cuda::synchronize(*device_, stream_.get());
}

}  // namespace cermet
