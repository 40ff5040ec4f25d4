// A library with the names of NVIDIA's driver, for machines without a GPU: two cards whose kernels
// run on the host. Here: the cards, contexts and errors. FAKE_CUDA makes calls fail; see
// settings.h.
//
// cards=N      how many there are, 2 at most
// memory=N     bytes that may be allocated on each
// poison=0     memory that nothing has written isn't filled with NaN
// reversed=1   the threads of a block start from the last one
// late=1       a stream's work is done when somebody waits for it, not when it is given
#include <cstring>

#include "driver/pool.h"
#include "driver/state.h"
#include "settings.h"

namespace cermet::cuda {

State& state() {
  static State& state = *new State;
  return state;
}

namespace {

constexpr CUdevice first_device = 40;  // no ordinal is its handle

int card_count() { return static_cast<int>(fake_cuda::setting("cards", 2)); }

bool is_device(CUdevice device) {
  return device >= first_device && device < first_device + card_count();
}

thread_local CUcontext current = nullptr;

struct ErrorText {
  CUresult error;
  const char *name, *text;
};
constexpr ErrorText errors[] = {
    {0, "CUDA_SUCCESS", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {200, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {209, "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "no kernel image is available for execution on the device"},
    {400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {401, "CUDA_ERROR_ILLEGAL_STATE", "the operation cannot be performed in the present state"},
    {500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {600, "CUDA_ERROR_NOT_READY", "device not ready"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"},
    {709, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"},
    {719, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {900, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
     "operation not permitted when stream is capturing"},
    {901, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
     "operation failed due to a previous error during capture"},
    {903, "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED",
     "capture was not ended in the same stream as it began"},
    {904, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED", "capturing stream has unjoined work"},
    {905, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION",
     "dependency created on uncaptured work in another stream"},
    {907, "CUDA_ERROR_CAPTURED_EVENT",
     "operation not permitted on an event last recorded in a capturing stream"},
    {908, "CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD",
     "attempt to terminate a thread-local capture sequence from another thread"},
};

const ErrorText* find_error(CUresult error) {
  for (const ErrorText& known : errors)
    if (known.error == error) return &known;
  return nullptr;
}

int attribute_of(CUdevice_attribute attribute, bool first) {
  switch (attribute) {
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
      return first ? 46 : 132;
    case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
      return first ? 2475000 : 1980000;
    case CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE:
      return first ? 10501000 : 3201000;
    case CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH:
      return first ? 192 : 6144;
    case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE:
      return (first ? 36 : 60) << 20;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
      return first ? 8 : 9;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
      return first ? 9 : 0;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
      return (first ? 99 : 227) << 10;
  }
  return -1;
}

}  // namespace

Call::Call(const char* name, Needs needs) : lock_(state().mutex) {
  error = fake_cuda::injected_error(name);
  if (error != CUDA_SUCCESS || needs == Needs::nothing) return;
  if (!state().initialized) error = error_not_initialized;
  if (error != CUDA_SUCCESS || needs == Needs::initialized) return;
  if (current == nullptr)
    error = error_invalid_context;
  else if (current->retains == 0)
    error = error_context_is_destroyed;
  else
    ordinal = current->ordinal;
}

}  // namespace cermet::cuda

using namespace cermet::cuda;

// NOLINTBEGIN(readability-identifier-naming): the driver's names
extern "C" {

CUresult cuInit(unsigned) {
  // A machine without cards fails here, unless FAKE_CUDA says what comes.
  if (card_count() == 0 && fake_cuda::setting("cuInit", -1) == -1) return error_no_device;
  FAKE_CUDA_CALL("cuInit", Needs::nothing);
  state().initialized = true;
  return CUDA_SUCCESS;
}

CUresult cuDriverGetVersion(int* version) {
  FAKE_CUDA_CALL("cuDriverGetVersion", Needs::nothing);
  *version = 13020;
  return CUDA_SUCCESS;
}

CUresult cuGetErrorName(CUresult error, const char** text) {
  FAKE_CUDA_CALL("cuGetErrorName", Needs::nothing);
  const ErrorText* known = find_error(error);
  *text = known != nullptr ? known->name : nullptr;
  return known != nullptr ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetErrorString(CUresult error, const char** text) {
  FAKE_CUDA_CALL("cuGetErrorString", Needs::nothing);
  const ErrorText* known = find_error(error);
  *text = known != nullptr ? known->text : nullptr;
  return known != nullptr ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuDeviceGetCount(int* count) {
  FAKE_CUDA_CALL("cuDeviceGetCount", Needs::initialized);
  *count = card_count();
  return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  FAKE_CUDA_CALL("cuDeviceGet", Needs::initialized);
  if (ordinal < 0 || ordinal >= card_count()) return error_invalid_device;
  *device = first_device + ordinal;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
  FAKE_CUDA_CALL("cuDeviceGetName", Needs::initialized);
  if (!is_device(device)) return error_invalid_device;
  std::strncpy(name, device == first_device ? "Fake A" : "Fake B", static_cast<size_t>(length));
  return CUDA_SUCCESS;
}

CUresult cuDeviceTotalMem_v2(size_t* bytes, CUdevice device) {
  FAKE_CUDA_CALL("cuDeviceTotalMem_v2", Needs::initialized);
  if (!is_device(device)) return error_invalid_device;
  const int64_t product = int64_t{1} << (device == first_device ? 34 : 36);
  *bytes = static_cast<size_t>(fake_cuda::setting("memory", product));
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute attribute, CUdevice device) {
  FAKE_CUDA_CALL("cuDeviceGetAttribute", Needs::initialized);
  if (!is_device(device)) return error_invalid_device;
  *value = attribute_of(attribute, device == first_device);
  return *value >= 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
  FAKE_CUDA_CALL("cuDevicePrimaryCtxRetain", Needs::initialized);
  if (!is_device(device)) return error_invalid_device;
  CUctx_st& primary = state().contexts[static_cast<size_t>(device - first_device)];
  ++primary.retains;
  *context = &primary;
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  FAKE_CUDA_CALL("cuDevicePrimaryCtxRelease_v2", Needs::initialized);
  if (!is_device(device)) return error_invalid_device;
  CUctx_st& primary = state().contexts[static_cast<size_t>(device - first_device)];
  if (primary.retains == 0) return error_invalid_context;
  --primary.retains;
  return CUDA_SUCCESS;
}

CUresult cuCtxSetCurrent(CUcontext context) {
  FAKE_CUDA_CALL("cuCtxSetCurrent", Needs::initialized);
  const bool known =
      context == nullptr || context == &state().contexts[0] || context == &state().contexts[1];
  if (!known) return error_invalid_context;
  current = context;
  return CUDA_SUCCESS;
}

CUresult cuCtxGetCurrent(CUcontext* context) {
  FAKE_CUDA_CALL("cuCtxGetCurrent", Needs::initialized);
  *context = current;
  return CUDA_SUCCESS;
}
}
// NOLINTEND(readability-identifier-naming)
