// A library with the names of NVIDIA's driver, for machines without a GPU: two cards, and any call
// that FAKE_CUDA names fails with its number: "cuDeviceGetName=999". "cards=0" has no card.
#include <cstdlib>
#include <cstring>

#include "backends/cuda/run/driver_api.h"

namespace {

using namespace cermet::cuda;

// The number behind NAME= in FAKE_CUDA, or `otherwise`.
int setting(const char* name, int otherwise) {
  const char* text = std::getenv("FAKE_CUDA");
  const size_t length = std::strlen(name);
  for (; text != nullptr && *text != '\0'; text = std::strchr(text, ','), text += text != nullptr)
    if (std::strncmp(text, name, length) == 0 && text[length] == '=')
      return std::atoi(text + length + 1);
  return otherwise;
}

int card_count() { return setting("cards", 2); }

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): the driver's names
extern "C" {

CUresult cuInit(unsigned) { return setting("cuInit", card_count() == 0 ? 100 : 0); }

CUresult cuDriverGetVersion(int* version) {
  *version = 13020;
  return setting("cuDriverGetVersion", 0);
}

CUresult cuGetErrorName(CUresult error, const char** text) {
  *text = error == 100 ? "CUDA_ERROR_NO_DEVICE" : nullptr;
  return error == 100 ? 0 : 1;
}

CUresult cuGetErrorString(CUresult error, const char** text) {
  *text = error == 100 ? "no CUDA-capable device is detected" : nullptr;
  return error == 100 ? 0 : 1;
}

CUresult cuDeviceGetCount(int* count) {
  *count = card_count();
  return setting("cuDeviceGetCount", 0);
}

CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  *device = 40 + ordinal;  // no ordinal is its handle
  return setting("cuDeviceGet", 0);
}

CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
  std::strncpy(name, device == 40 ? "Fake A" : "Fake B", static_cast<size_t>(length));
  return setting("cuDeviceGetName", 0);
}

CUresult cuDeviceTotalMem_v2(size_t* bytes, CUdevice device) {
  *bytes = size_t{1} << (device == 40 ? 34 : 36);
  return setting("cuDeviceTotalMem_v2", 0);
}

CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute attribute, CUdevice device) {
  switch (attribute) {
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
      *value = device == 40 ? 46 : 132;
      break;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
      *value = device == 40 ? 8 : 9;
      break;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
      *value = device == 40 ? 9 : 0;
      break;
  }
  return setting("cuDeviceGetAttribute", 0);
}
}
// NOLINTEND(readability-identifier-naming)
