// Where libraries of NVIDIA's are found that are no part of the driver.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace cermet::cuda {

struct LibraryFiles {
  std::string_view name;                // "cuBLASLt"
  const char* variable;                 // of the environment, names the file itself
  std::span<const char* const> files;   // by preference: "libcublasLt.so.13"
  std::span<const char* const> wheels;  // folders of PyPI's in site-packages/nvidia: "cu13"
  std::string_view purpose;             // "products are computed with it"
  std::string_view package;             // that brings it: "nvidia-cublas"
};

struct OpenLibrary {
  void* handle = nullptr;
  std::string path;
};

// Opens the first that is found: the one that the variable names, where it is set; the system's;
// that of CUDA_HOME or CUDA_PATH; /usr/local/cuda; wheels of PyPI in VIRTUAL_ENV, CONDA_PREFIX and
// the user's and the system's folders. Throws device saying what was looked for and how to get it.
OpenLibrary open_library(const LibraryFiles& library);

// A function of it. Throws device naming library and function; `needs`: "cuBLASLt of CUDA 12".
void* find_function(const OpenLibrary& library, const char* name, std::string_view needs);

}  // namespace cermet::cuda
