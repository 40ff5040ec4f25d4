// NVIDIA's run-time compiler of CUDA C++, opened when it is asked for.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cermet::cuda {

// Safe to use from several threads at once.
class Nvrtc {
 public:
  // Opens the first that is found: what CERMET_NVRTC names; the system's; that of CUDA_HOME or
  // CUDA_PATH; /usr/local/cuda; wheels of PyPI in VIRTUAL_ENV, CONDA_PREFIX and the user's and the
  // system's folders. Throws device saying where it was looked for and how to get it.
  Nvrtc();
  ~Nvrtc();
  Nvrtc(const Nvrtc&) = delete;
  Nvrtc& operator=(const Nvrtc&) = delete;

  // "12.9"
  const std::string& version() const { return version_; }
  const std::string& path() const { return path_; }

  // Machine code for "sm_90" or, for "compute_90", PTX. Throws internal with the compiler's words.
  std::vector<std::byte> compile(const std::string& source, std::string_view architecture) const;

 private:
  struct Calls;
  void open(const std::string& path);

  void* library_ = nullptr;
  Calls* calls_ = nullptr;
  std::string path_, version_;
};

}  // namespace cermet::cuda
