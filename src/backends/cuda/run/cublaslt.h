// cuBLASLt, NVIDIA's library of matrix products, opened when it is asked for.
#pragma once

#include <memory>
#include <string>

#include "backends/cuda/run/cublaslt_api.h"
#include "backends/cuda/run/device.h"
#include "backends/cuda/run/library_handle.h"
#include "backends/cuda/run/open_library.h"

namespace cermet::cuda {

// The library's calls. Once open it stays open.
class CublasLtCalls {
 public:
  // Throws device saying what is missing and how to get it. Safe from several threads.
  static const CublasLtCalls& open();

// NOLINTBEGIN(readability-identifier-naming, bugprone-macro-parentheses): names and types
#define CERMET_CUBLASLT_CALL(result, name, parameters) result(*name) parameters = nullptr;
  CERMET_CUBLASLT_CALLS(CERMET_CUBLASLT_CALL)
#undef CERMET_CUBLASLT_CALL
  // NOLINTEND(readability-identifier-naming, bugprone-macro-parentheses)

  int64_t version() const { return version_; }
  const std::string& path() const { return library_.path; }

 private:
  CublasLtCalls();

  OpenLibrary library_;
  int64_t version_ = 0;
};

// The library on one card. Safe to share between threads.
class CublasLt {
 public:
  static constexpr std::string_view name = "cublaslt";
  static constexpr int64_t oldest = 120000;  // of CUDA 12.0

  // That of the card, made where there is none yet. Throws device naming what is missing.
  static std::shared_ptr<const CublasLt> on(const DevicePointer& device);
  ~CublasLt();
  CublasLt(const CublasLt&) = delete;
  CublasLt& operator=(const CublasLt&) = delete;

  const CublasLtCalls& calls() const { return calls_; }
  cublasLtHandle_t handle() const { return handle_.get(); }
  // Throws unsupported for what the library can't do, out_of_memory, device for the rest, with the
  // library's name for the error. `what` was tried: "multiplying matrices".
  void check(cublasStatus_t status, const char* what) const;

 private:
  explicit CublasLt(DevicePointer device);

  DevicePointer device_;
  const CublasLtCalls& calls_;
  LibraryHandle<CublasLtCalls, cublasLtHandle_t, &CublasLtCalls::cublasLtDestroy> handle_;
};

}  // namespace cermet::cuda
