#include "backends/cuda/run/device.h"

#include "base/error.h"

namespace cermet::cuda {

namespace {

std::string name_of(int ordinal, const Card& card) {
  return fmt::format("cuda:{} ({}, {})", ordinal, card.product, card.architecture());
}

std::string names_of(const std::vector<Card>& cards) {
  std::string names;
  for (size_t i = 0; i < cards.size(); ++i)
    names += (i > 0 ? ", " : "") + name_of(static_cast<int>(i), cards[i]);
  return names.empty() ? "none" : names;
}

}  // namespace

DevicePointer Device::open(int ordinal) { return DevicePointer(new Device(ordinal)); }

Device::Device(int ordinal) : ordinal_(ordinal) {
  const int count = card_count(driver_);
  if (ordinal < 0 || ordinal >= count)
    fail(ErrorCode::device, "there is no card cuda:{}; the driver (CUDA {}) offers {}", ordinal,
         driver_.version(), names_of(cards(driver_)));
  card_ = card_of(driver_, ordinal);
  check(driver_.cuDeviceGet(&device_, ordinal), "opening the card");
  check(driver_.cuDevicePrimaryCtxRetain(&context_, device_), "making a context");
}

Device::~Device() {
  if (context_ != nullptr) driver_.cuDevicePrimaryCtxRelease_v2(device_);
}

std::string Device::name() const { return name_of(ordinal_, card_); }

void Device::use() const { check(driver_.cuCtxSetCurrent(context_), "making the context current"); }

UsedDevice::UsedDevice(const Device& device) : device_(device) {
  device.check(device.driver_.cuCtxGetCurrent(&before_), "asking for the current context");
  if (before_ != device.context_) device.use();
}

UsedDevice::UsedDevice(const Device& device, std::nothrow_t) noexcept : device_(device) {
  device.driver_.cuCtxGetCurrent(&before_);
  if (before_ != device.context_) device.driver_.cuCtxSetCurrent(device.context_);
}

UsedDevice::~UsedDevice() {
  if (before_ != device_.context_) device_.driver_.cuCtxSetCurrent(before_);
}

size_t Device::free_bytes() const {
  size_t free = 0, total = 0;
  check(driver_.cuMemGetInfo_v2(&free, &total), "asking for free memory");
  return free;
}

std::optional<int> Device::card_of_address(const void* pointer) const {
  unsigned type = 0;
  const auto address = reinterpret_cast<CUdeviceptr>(pointer);
  // The driver knows nothing of memory that is the host's alone, and says so by an error.
  if (driver_.cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, address) !=
          CUDA_SUCCESS ||
      type != CU_MEMORYTYPE_DEVICE)
    return std::nullopt;
  int ordinal = -1;
  if (driver_.cuPointerGetAttribute(&ordinal, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, address) !=
      CUDA_SUCCESS)
    return std::nullopt;
  return ordinal;
}

bool Device::knows(const void* pointer) const {
  unsigned type = 0;
  return driver_.cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                                       reinterpret_cast<CUdeviceptr>(pointer)) == CUDA_SUCCESS &&
         (type == CU_MEMORYTYPE_DEVICE || type == CU_MEMORYTYPE_HOST);
}

bool Device::owns(const void* pointer) const { return card_of_address(pointer) == ordinal_; }

void Device::check(CUresult result, const char* what) const {
  if (result == CUDA_SUCCESS) return;
  driver_.check(result, fmt::format("{}: {}", name(), what));
}

Stream make_stream(const DevicePointer& device) {
  CUstream stream = nullptr;
  const UsedDevice used(*device);
  device->check(device->driver().cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING),
                "making a stream");
  return {device, stream};
}

HostMemory make_host_memory(const DevicePointer& device, size_t bytes) {
  void* memory = nullptr;
  const UsedDevice used(*device);
  const CUresult result = device->driver().cuMemHostAlloc(&memory, bytes, 0);
  if (result == CUDA_ERROR_OUT_OF_MEMORY) return {};
  device->check(result, "taking page-locked memory");
  return {device, memory};
}

Event make_event(const DevicePointer& device, bool timing) {
  CUevent event = nullptr;
  const UsedDevice used(*device);
  device->check(
      device->driver().cuEventCreate(&event, timing ? CU_EVENT_DEFAULT : CU_EVENT_DISABLE_TIMING),
      "making an event");
  return {device, event};
}

double milliseconds_between(const Device& device, CUevent begin, CUevent end) {
  device.check(device.driver().cuEventSynchronize(end), "waiting for an event");
  float milliseconds = 0;
  device.check(device.driver().cuEventElapsedTime(&milliseconds, begin, end),
               "reading the time between events");
  return milliseconds;
}

void copy_to_device(const Device& device, void* to, const void* from, size_t bytes,
                    CUstream stream) {
  if (bytes == 0) return;
  device.check(
      device.driver().cuMemcpyHtoDAsync_v2(reinterpret_cast<CUdeviceptr>(to), from, bytes, stream),
      "copying to the device");
}

void copy_to_host(const Device& device, void* to, const void* from, size_t bytes, CUstream stream) {
  if (bytes == 0) return;
  device.check(
      device.driver().cuMemcpyDtoHAsync_v2(to, reinterpret_cast<CUdeviceptr>(from), bytes, stream),
      "copying from the device");
}

void copy_on_device(const Device& device, void* to, const void* from, size_t bytes,
                    CUstream stream) {
  if (bytes == 0) return;
  device.check(
      device.driver().cuMemcpyDtoDAsync_v2(reinterpret_cast<CUdeviceptr>(to),
                                           reinterpret_cast<CUdeviceptr>(from), bytes, stream),
      "copying on the device");
}

void synchronize(const Device& device, CUstream stream) {
  device.check(device.driver().cuStreamSynchronize(stream), "waiting for the device");
}

}  // namespace cermet::cuda
