// cuDNN, NVIDIA's library of neural networks' operators, opened when it is asked for.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "backends/cuda/run/cudnn_api.h"
#include "backends/cuda/run/device.h"
#include "backends/cuda/run/library_handle.h"
#include "backends/cuda/run/open_library.h"

namespace cermet::cuda {

// The library's calls. Once open it stays open.
class CudnnCalls {
 public:
  // Throws device saying what is missing and how to get it. Safe from several threads.
  static const CudnnCalls& open();

// NOLINTBEGIN(readability-identifier-naming, bugprone-macro-parentheses): names and types
#define CERMET_CUDNN_CALL(result, name, parameters) result(*name) parameters = nullptr;
  CERMET_CUDNN_CALLS(CERMET_CUDNN_CALL)
#undef CERMET_CUDNN_CALL
  // NOLINTEND(readability-identifier-naming, bugprone-macro-parentheses)

  int64_t version() const { return version_; }
  const std::string& path() const { return library_.path; }

 private:
  CudnnCalls();

  OpenLibrary library_;
  int64_t version_ = 0;
};

// The library on one card. Safe to share between threads.
class Cudnn {
 public:
  static constexpr std::string_view name = "cudnn";
  static constexpr int64_t oldest = 90000;

  // That of the card, made where there is none yet. Throws device naming what is missing.
  static std::shared_ptr<const Cudnn> on(const DevicePointer& device);
  ~Cudnn();
  Cudnn(const Cudnn&) = delete;
  Cudnn& operator=(const Cudnn&) = delete;

  const CudnnCalls& calls() const { return calls_; }
  // Calls `work(handle)`, whose calls put their work into the stream. One thread at a time has the
  // handle, for as long as giving the work takes.
  template <class Work>
  void use(CUstream stream, Work&& work) const {
    const std::lock_guard lock(mutex_);
    check(calls_.cudnnSetStream(handle_.get(), stream), "giving the library a stream");
    work(handle_.get());
  }
  // The same for questions, which give no work to any stream.
  template <class Work>
  void ask(Work&& work) const {
    const std::lock_guard lock(mutex_);
    work(handle_.get());
  }
  // Throws unsupported for what the library can't do, out_of_memory, device for the rest, with the
  // library's name for the error. `what` was tried: "convolving an image".
  void check(cudnnStatus_t status, const char* what) const;

 private:
  using Handle = LibraryHandle<CudnnCalls, cudnnHandle_t, &CudnnCalls::cudnnDestroy>;

  explicit Cudnn(DevicePointer device);

  DevicePointer device_;
  const CudnnCalls& calls_;
  Handle handle_;
  mutable std::mutex mutex_;
};

}  // namespace cermet::cuda
