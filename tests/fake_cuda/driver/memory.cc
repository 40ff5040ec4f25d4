// The driver's calls about memory.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "driver/pool.h"
#include "driver/state.h"

using namespace cermet::cuda;

namespace {

bool is_device_range(CUdeviceptr pointer, size_t bytes) {
  const Pool* pool = Pool::holding(pointer);
  return pool != nullptr && pool->covers(pointer, bytes);
}

// As the driver takes any pointer for either side, but device memory has to be allocated.
bool is_usable(CUdeviceptr pointer, size_t bytes) {
  return pointer != 0 && (Pool::holding(pointer) == nullptr || is_device_range(pointer, bytes));
}

CUresult copy(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  if (!is_stream(stream)) return error_invalid_handle;
  return submit(stream, [=]() -> CUresult {
    if (bytes == 0) return CUDA_SUCCESS;
    if (!is_usable(to, bytes) || !is_usable(from, bytes)) return CUDA_ERROR_INVALID_VALUE;
    const Access access;
    std::memmove(bytes_at(to), bytes_at(from), bytes);
    return CUDA_SUCCESS;
  });
}

bool holds_host_memory(CUdeviceptr pointer) {
  const auto& all = state().host_memory;
  auto next = all.upper_bound(pointer);
  if (next == all.begin()) return false;
  --next;
  return pointer - next->first < next->second;
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): the driver's names
extern "C" {

CUresult cuMemGetInfo_v2(size_t* free, size_t* total) {
  FAKE_CUDA_CALL("cuMemGetInfo_v2");
  const Pool& pool = Pool::of(call.ordinal);
  *total = pool.capacity();
  *free = *total - std::min(*total, pool.used_bytes());
  return CUDA_SUCCESS;
}

CUresult cuMemAlloc_v2(CUdeviceptr* pointer, size_t bytes) {
  FAKE_CUDA_CALL("cuMemAlloc_v2");
  return Pool::of(call.ordinal).allocate(pointer, bytes);
}

CUresult cuMemFree_v2(CUdeviceptr pointer) {
  FAKE_CUDA_CALL("cuMemFree_v2");
  if (pointer == 0) return CUDA_SUCCESS;
  finish_all();  // as the driver does
  Pool* pool = Pool::holding(pointer);
  return pool != nullptr ? pool->release(pointer) : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuMemHostAlloc(void** pointer, size_t bytes, unsigned) {
  FAKE_CUDA_CALL("cuMemHostAlloc");
  if (bytes == 0) return CUDA_ERROR_INVALID_VALUE;
  constexpr size_t page = 4096;
  void* memory = std::aligned_alloc(page, (bytes + page - 1) / page * page);
  if (memory == nullptr) return CUDA_ERROR_OUT_OF_MEMORY;
  state().host_memory.emplace(reinterpret_cast<uintptr_t>(memory), bytes);
  *pointer = memory;
  return CUDA_SUCCESS;
}

CUresult cuMemFreeHost(void* pointer) {
  FAKE_CUDA_CALL("cuMemFreeHost");
  if (state().host_memory.erase(reinterpret_cast<uintptr_t>(pointer)) == 0)
    return CUDA_ERROR_INVALID_VALUE;
  std::free(pointer);
  return CUDA_SUCCESS;
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, size_t bytes, CUstream stream) {
  FAKE_CUDA_CALL("cuMemcpyHtoDAsync_v2");
  if (bytes != 0 && !is_device_range(to, bytes)) return CUDA_ERROR_INVALID_VALUE;
  return copy(to, reinterpret_cast<CUdeviceptr>(from), bytes, stream);
}

CUresult cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, size_t bytes, CUstream stream) {
  FAKE_CUDA_CALL("cuMemcpyDtoHAsync_v2");
  if (bytes != 0 && !is_device_range(from, bytes)) return CUDA_ERROR_INVALID_VALUE;
  return copy(reinterpret_cast<CUdeviceptr>(to), from, bytes, stream);
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  FAKE_CUDA_CALL("cuMemcpyDtoDAsync_v2");
  if (bytes != 0 && (!is_device_range(to, bytes) || !is_device_range(from, bytes)))
    return CUDA_ERROR_INVALID_VALUE;
  return copy(to, from, bytes, stream);
}

CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t bytes, CUstream stream) {
  FAKE_CUDA_CALL("cuMemsetD8Async");
  if (!is_stream(stream)) return error_invalid_handle;
  if (bytes != 0 && !is_device_range(to, bytes)) return CUDA_ERROR_INVALID_VALUE;
  return submit(stream, [=]() -> CUresult {
    if (bytes == 0) return CUDA_SUCCESS;
    if (!is_device_range(to, bytes)) return CUDA_ERROR_INVALID_VALUE;
    const Access access;
    std::memset(bytes_at(to), value, bytes);
    return CUDA_SUCCESS;
  });
}

CUresult cuPointerGetAttribute(void* value, CUpointer_attribute attribute, CUdeviceptr pointer) {
  FAKE_CUDA_CALL("cuPointerGetAttribute");
  const Pool* pool = is_device_range(pointer, 1) ? Pool::holding(pointer) : nullptr;
  const bool host = pool == nullptr && holds_host_memory(pointer);
  if (pool == nullptr && !host) return CUDA_ERROR_INVALID_VALUE;
  switch (attribute) {
    case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
      *static_cast<unsigned*>(value) = host ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE;
      return CUDA_SUCCESS;
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
      *static_cast<int*>(value) = pool != nullptr ? pool->ordinal() : 0;
      return CUDA_SUCCESS;
  }
  return CUDA_ERROR_INVALID_VALUE;
}
}
// NOLINTEND(readability-identifier-naming)
