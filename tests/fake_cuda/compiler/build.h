// Runs the host's compiler on the text of a kernel.
#pragma once

#include <string>
#include <vector>

namespace fake_cuda {

struct BuildResult {
  bool good = false;
  std::string library;  // the bytes of the file
  std::string log;      // what the compiler said
};

// `options` are the compiler's. FAKE_CUDA_CACHE names a folder for what was built before.
BuildResult build_library(const std::string& source, const std::vector<std::string>& options);

}  // namespace fake_cuda
