// NVIDIA's run-time compiler of CUDA C++, opened when it is asked for.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "backends/cuda/run/open_library.h"

namespace cermet::cuda {

// Safe to use from several threads at once.
class Nvrtc {
 public:
  // Finds it as open_library() does; CERMET_NVRTC names it.
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
  void open(const OpenLibrary& library);

  void* library_ = nullptr;
  Calls* calls_ = nullptr;
  std::string path_, version_;
};

}  // namespace cermet::cuda
