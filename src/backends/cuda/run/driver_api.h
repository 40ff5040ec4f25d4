// The calls of NVIDIA's driver that Cermet makes, by the driver's own names, as CUDA 11 and later
// declare them. Nothing of a toolkit is included.
#pragma once

#include <cstddef>

namespace cermet::cuda {

// NOLINTBEGIN(readability-identifier-naming): the driver's names
using CUresult = int;
using CUdevice = int;

inline constexpr CUresult CUDA_SUCCESS = 0;

// Of cuDeviceGetAttribute.
enum CUdevice_attribute : int {
  CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
};

// X(name, parameters): what the library has to have under that name. Pointers to results come
// first.
#define CERMET_CUDA_CALLS(X)                                    \
  X(cuInit, (unsigned flags))                                   \
  X(cuDriverGetVersion, (int* version))                         \
  X(cuGetErrorName, (CUresult error, const char** text))        \
  X(cuGetErrorString, (CUresult error, const char** text))      \
  X(cuDeviceGetCount, (int* count))                             \
  X(cuDeviceGet, (CUdevice * device, int ordinal))              \
  X(cuDeviceGetName, (char* name, int length, CUdevice device)) \
  X(cuDeviceTotalMem_v2, (size_t* bytes, CUdevice device))      \
  X(cuDeviceGetAttribute, (int* value, CUdevice_attribute attribute, CUdevice device))

// NOLINTEND(readability-identifier-naming)

}  // namespace cermet::cuda
