// The calls of NVIDIA's driver that Cermet makes, by the driver's own names, as CUDA 12 and later
// declare them. Nothing of a toolkit is included.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cermet::cuda {

// NOLINTBEGIN(readability-identifier-naming): the driver's names
using CUresult = int;
using CUdevice = int;
using CUdeviceptr = uint64_t;
using CUcontext = struct CUctx_st*;
using CUmodule = struct CUmod_st*;
using CUfunction = struct CUfunc_st*;
using CUstream = struct CUstream_st*;
using CUevent = struct CUevent_st*;
using CUgraph = struct CUgraph_st*;
using CUgraphExec = struct CUgraphExec_st*;
using CUhostFn = void (*)(void*);

inline constexpr CUresult CUDA_SUCCESS = 0;
inline constexpr CUresult CUDA_ERROR_INVALID_VALUE = 1;
inline constexpr CUresult CUDA_ERROR_OUT_OF_MEMORY = 2;
inline constexpr CUresult CUDA_ERROR_NO_BINARY_FOR_GPU = 209;
inline constexpr CUresult CUDA_ERROR_NOT_READY = 600;

// Of cuDeviceGetAttribute.
enum CUdevice_attribute : int {
  CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16,
  CU_DEVICE_ATTRIBUTE_CLOCK_RATE = 13,         // kHz
  CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE = 36,  // kHz
  CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH = 37,
  CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE = 38,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
  CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN = 97,
};

// Of cuFuncSetAttribute.
enum CUfunction_attribute : int {
  CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8,
};

// Of cuPointerGetAttribute.
enum CUpointer_attribute : int {
  CU_POINTER_ATTRIBUTE_MEMORY_TYPE = 2,
  CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL = 9,
};
inline constexpr unsigned CU_MEMORYTYPE_HOST = 1;
inline constexpr unsigned CU_MEMORYTYPE_DEVICE = 2;

enum CUstreamCaptureMode : int { CU_STREAM_CAPTURE_MODE_THREAD_LOCAL = 1 };
inline constexpr unsigned CU_STREAM_NON_BLOCKING = 1;
inline constexpr unsigned CU_EVENT_DEFAULT = 0;
inline constexpr unsigned CU_EVENT_DISABLE_TIMING = 2;
// Of cuEventRecordWithFlags: where the stream is captured, the graph records the event when it
// runs.
inline constexpr unsigned CU_EVENT_RECORD_EXTERNAL = 1;

enum CUlaunchAttributeID : int { CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION = 6 };
struct CUlaunchAttribute {
  CUlaunchAttributeID id;
  char pad[8 - sizeof(CUlaunchAttributeID)];
  union {
    char bytes[64];
    int programmaticStreamSerializationAllowed;
  } value;
};
struct CUlaunchConfig {
  unsigned gridDimX, gridDimY, gridDimZ;
  unsigned blockDimX, blockDimY, blockDimZ;
  unsigned sharedMemBytes;
  CUstream hStream;
  CUlaunchAttribute* attrs;
  unsigned numAttrs;
};

// X(name, parameters): what the library has to have under that name. Pointers to results come
// first.
#define CERMET_CUDA_CALLS(X)                                                                  \
  X(cuInit, (unsigned flags))                                                                 \
  X(cuDriverGetVersion, (int* version))                                                       \
  X(cuGetErrorName, (CUresult error, const char** text))                                      \
  X(cuGetErrorString, (CUresult error, const char** text))                                    \
  X(cuDeviceGetCount, (int* count))                                                           \
  X(cuDeviceGet, (CUdevice * device, int ordinal))                                            \
  X(cuDeviceGetName, (char* name, int length, CUdevice device))                               \
  X(cuDeviceTotalMem_v2, (size_t* bytes, CUdevice device))                                    \
  X(cuDeviceGetAttribute, (int* value, CUdevice_attribute attribute, CUdevice device))        \
  X(cuDevicePrimaryCtxRetain, (CUcontext * context, CUdevice device))                         \
  X(cuDevicePrimaryCtxRelease_v2, (CUdevice device))                                          \
  X(cuCtxSetCurrent, (CUcontext context))                                                     \
  X(cuCtxGetCurrent, (CUcontext * context))                                                   \
  X(cuMemGetInfo_v2, (size_t* free, size_t* total))                                           \
  X(cuMemAlloc_v2, (CUdeviceptr * pointer, size_t bytes))                                     \
  X(cuMemFree_v2, (CUdeviceptr pointer))                                                      \
  X(cuMemHostAlloc, (void** pointer, size_t bytes, unsigned flags))                           \
  X(cuMemFreeHost, (void* pointer))                                                           \
  X(cuMemcpyHtoDAsync_v2, (CUdeviceptr to, const void* from, size_t bytes, CUstream stream))  \
  X(cuMemcpyDtoHAsync_v2, (void* to, CUdeviceptr from, size_t bytes, CUstream stream))        \
  X(cuMemcpyDtoDAsync_v2, (CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream))  \
  X(cuMemsetD8Async, (CUdeviceptr to, unsigned char value, size_t bytes, CUstream stream))    \
  X(cuPointerGetAttribute, (void* value, CUpointer_attribute attribute, CUdeviceptr pointer)) \
  X(cuModuleLoadData, (CUmodule * module, const void* image))                                 \
  X(cuModuleUnload, (CUmodule module))                                                        \
  X(cuModuleGetFunction, (CUfunction * function, CUmodule module, const char* name))          \
  X(cuFuncSetAttribute, (CUfunction function, CUfunction_attribute attribute, int value))     \
  X(cuLaunchKernelEx,                                                                         \
    (const CUlaunchConfig* config, CUfunction function, void** parameters, void** extra))     \
  X(cuStreamCreate, (CUstream * stream, unsigned flags))                                      \
  X(cuStreamDestroy_v2, (CUstream stream))                                                    \
  X(cuStreamSynchronize, (CUstream stream))                                                   \
  X(cuStreamWaitEvent, (CUstream stream, CUevent event, unsigned flags))                      \
  X(cuStreamBeginCapture_v2, (CUstream stream, CUstreamCaptureMode mode))                     \
  X(cuStreamEndCapture, (CUstream stream, CUgraph * graph))                                   \
  X(cuGraphInstantiateWithFlags,                                                              \
    (CUgraphExec * executable, CUgraph graph, unsigned long long flags))                      \
  X(cuGraphDestroy, (CUgraph graph))                                                          \
  X(cuGraphExecDestroy, (CUgraphExec executable))                                             \
  X(cuGraphLaunch, (CUgraphExec executable, CUstream stream))                                 \
  X(cuEventCreate, (CUevent * event, unsigned flags))                                         \
  X(cuEventDestroy_v2, (CUevent event))                                                       \
  X(cuEventRecord, (CUevent event, CUstream stream))                                          \
  X(cuEventRecordWithFlags, (CUevent event, CUstream stream, unsigned flags))                 \
  X(cuEventSynchronize, (CUevent event))                                                      \
  X(cuEventElapsedTime, (float* milliseconds, CUevent begin, CUevent end))

// NOLINTEND(readability-identifier-naming)

}  // namespace cermet::cuda
