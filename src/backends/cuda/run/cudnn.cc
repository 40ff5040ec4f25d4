#include "backends/cuda/run/cudnn.h"

#include <array>

#include "backends/cuda/run/cublaslt.h"
#include "backends/cuda/run/library_calls.h"
#include "base/error.h"

namespace cermet::cuda {
namespace {

constexpr std::array<const char*, 2> files{"libcudnn.so.9", "libcudnn.so"};
constexpr std::array<const char*, 2> wheels{"cudnn", "cu13"};
constexpr LibraryFiles library_files{
    "cuDNN", "CERMET_CUDNN", files, wheels, "it computes convolutions", "nvidia-cudnn-cu13"};

// cuDNN opens cuBLASLt by its bare name, which the system finds where it is open already, wherever
// it lies. Where there is none it says so when it needs it.
void open_cublaslt_first() {
  try {
    CublasLtCalls::open();
  } catch (const Error&) {
    return;
  }
}

}  // namespace

CudnnCalls::CudnnCalls() {
  open_cublaslt_first();
  library_ = open_library(library_files);
  const auto find = [&](auto& call, const char* name) {
    call = reinterpret_cast<std::remove_reference_t<decltype(call)>>(
        find_function(library_, name, "cuDNN 9"));
  };
#define CERMET_CUDNN_CALL(result, name, parameters) find(name, #name);
  CERMET_CUDNN_CALLS(CERMET_CUDNN_CALL)
#undef CERMET_CUDNN_CALL
  version_ = static_cast<int64_t>(cudnnGetVersion());
  require(version_ >= Cudnn::oldest, ErrorCode::device,
          "{} is cuDNN {}, expected {} or newer: update it (`pip install -U {}`)", path(),
          library_version(version_), library_version(Cudnn::oldest), library_files.package);
}

const CudnnCalls& CudnnCalls::open() {
  // Never destroyed: its threads may run when the process ends.
  static const CudnnCalls& calls = *new CudnnCalls;
  return calls;
}

Cudnn::Cudnn(DevicePointer device) : device_(std::move(device)), calls_(CudnnCalls::open()) {
  const UsedDevice used(*device_);
  cudnnHandle_t handle = nullptr;
  check(calls_.cudnnCreate(&handle), "starting the library");
  handle_ = {calls_, handle};
}

Cudnn::~Cudnn() {
  const UsedDevice used(*device_, std::nothrow);
  handle_ = {};
}

std::shared_ptr<const Cudnn> Cudnn::on(const DevicePointer& device) {
  return shared_on<Cudnn>(device, [&] { return new Cudnn(device); });
}

void Cudnn::check(cudnnStatus_t status, const char* what) const {
  if (status == CUDNN_STATUS_SUCCESS) return;
  ErrorCode code = ErrorCode::device;
  if (status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED)
    code = ErrorCode::out_of_memory;
  if (status >= CUDNN_STATUS_BAD_PARAM && status < CUDNN_STATUS_INTERNAL_ERROR)
    code = ErrorCode::unsupported;
  const char* name = calls_.cudnnGetErrorString(status);
  fail(code, "{}: cuDNN {}: {} failed: {} ({})", device_->name(), library_version(calls_.version()),
       what, name != nullptr ? name : "unknown error", status);
}

}  // namespace cermet::cuda
