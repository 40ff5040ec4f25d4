#include "backends/cuda/run/cublaslt.h"

#include <array>

#include "backends/cuda/run/library_calls.h"
#include "base/error.h"

namespace cermet::cuda {
namespace {

constexpr std::array<const char*, 3> files{"libcublasLt.so.13", "libcublasLt.so.12",
                                           "libcublasLt.so"};
constexpr std::array<const char*, 2> wheels{"cu13", "cublas"};
constexpr LibraryFiles library_files{
    "cuBLASLt", "CERMET_CUBLASLT", files, wheels, "it computes matrix products", "nvidia-cublas"};

}  // namespace

CublasLtCalls::CublasLtCalls() : library_(open_library(library_files)) {
  const auto find = [&](auto& call, const char* name) {
    call = reinterpret_cast<std::remove_reference_t<decltype(call)>>(
        find_function(library_, name, "cuBLAS of CUDA 12"));
  };
#define CERMET_CUBLASLT_CALL(result, name, parameters) find(name, #name);
  CERMET_CUBLASLT_CALLS(CERMET_CUBLASLT_CALL)
#undef CERMET_CUBLASLT_CALL
  version_ = static_cast<int64_t>(cublasLtGetVersion());
  require(version_ >= CublasLt::oldest, ErrorCode::device,
          "{} is cuBLASLt {}, expected {} or newer: update it (`pip install -U {}`)", path(),
          library_version(version_), library_version(CublasLt::oldest), library_files.package);
}

const CublasLtCalls& CublasLtCalls::open() {
  // Never destroyed: its threads may run when the process ends.
  static const CublasLtCalls& calls = *new CublasLtCalls;
  return calls;
}

CublasLt::CublasLt(DevicePointer device)
    : device_(std::move(device)), calls_(CublasLtCalls::open()) {
  const UsedDevice used(*device_);
  cublasLtHandle_t handle = nullptr;
  check(calls_.cublasLtCreate(&handle), "starting the library");
  handle_ = {calls_, handle};
}

CublasLt::~CublasLt() {
  const UsedDevice used(*device_, std::nothrow);
  handle_ = {};
}

std::shared_ptr<const CublasLt> CublasLt::on(const DevicePointer& device) {
  return shared_on<CublasLt>(device, [&] { return new CublasLt(device); });
}

void CublasLt::check(cublasStatus_t status, const char* what) const {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  ErrorCode code = ErrorCode::device;
  if (status == CUBLAS_STATUS_ALLOC_FAILED) code = ErrorCode::out_of_memory;
  if (status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_INVALID_VALUE)
    code = ErrorCode::unsupported;
  const char* name = calls_.cublasLtGetStatusName(status);
  fail(code, "{}: cuBLASLt {}: {} failed: {} ({})", device_->name(),
       library_version(calls_.version()), what, name != nullptr ? name : "unknown error", status);
}

}  // namespace cermet::cuda
