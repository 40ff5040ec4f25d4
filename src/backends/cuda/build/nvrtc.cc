#include "backends/cuda/build/nvrtc.h"

#include <dlfcn.h>

#include <array>

#include "base/error.h"

namespace cermet::cuda {
namespace {

// NVRTC's own types, as its header declares them.
using NvrtcResult = int;
using NvrtcProgram = struct NvrtcProgramState*;

constexpr std::array<const char*, 4> library_names{"libnvrtc.so.13", "libnvrtc.so.12",
                                                   "libnvrtc.so.11.2", "libnvrtc.so"};
constexpr std::array<const char*, 2> wheels{"cu13", "cuda_nvrtc"};
constexpr LibraryFiles library_files{
    "NVRTC, NVIDIA's run-time compiler,",    "CERMET_NVRTC",          library_names, wheels,
    "kernels for GPUs are compiled with it", "nvidia-cuda-nvrtc-cu12"};

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): the library's names
struct Nvrtc::Calls {
  NvrtcResult (*nvrtcVersion)(int* major, int* minor);
  const char* (*nvrtcGetErrorString)(NvrtcResult result);
  NvrtcResult (*nvrtcCreateProgram)(NvrtcProgram* program, const char* source, const char* name,
                                    int headers, const char* const* header_texts,
                                    const char* const* header_names);
  NvrtcResult (*nvrtcDestroyProgram)(NvrtcProgram* program);
  NvrtcResult (*nvrtcCompileProgram)(NvrtcProgram program, int count, const char* const* options);
  NvrtcResult (*nvrtcGetCUBINSize)(NvrtcProgram program, size_t* bytes);
  NvrtcResult (*nvrtcGetCUBIN)(NvrtcProgram program, char* into);
  NvrtcResult (*nvrtcGetPTXSize)(NvrtcProgram program, size_t* bytes);
  NvrtcResult (*nvrtcGetPTX)(NvrtcProgram program, char* into);
  NvrtcResult (*nvrtcGetProgramLogSize)(NvrtcProgram program, size_t* bytes);
  NvrtcResult (*nvrtcGetProgramLog)(NvrtcProgram program, char* into);
};
// NOLINTEND(readability-identifier-naming)

Nvrtc::Nvrtc() {
  const OpenLibrary library = open_library(library_files);
  library_ = library.handle;
  open(library);
}

Nvrtc::~Nvrtc() {
  delete calls_;
  if (library_ != nullptr) ::dlclose(library_);
}

void Nvrtc::open(const OpenLibrary& library) {
  path_ = library.path;
  calls_ = new Calls;
  const auto find = [&](auto& call, const char* name) {
    call = reinterpret_cast<std::remove_reference_t<decltype(call)>>(
        find_function(library, name, "NVRTC of CUDA 12"));
  };
#define CERMET_NVRTC_CALL(name) find(calls_->name, #name)
  CERMET_NVRTC_CALL(nvrtcVersion);
  CERMET_NVRTC_CALL(nvrtcGetErrorString);
  CERMET_NVRTC_CALL(nvrtcCreateProgram);
  CERMET_NVRTC_CALL(nvrtcDestroyProgram);
  CERMET_NVRTC_CALL(nvrtcCompileProgram);
  CERMET_NVRTC_CALL(nvrtcGetCUBINSize);
  CERMET_NVRTC_CALL(nvrtcGetCUBIN);
  CERMET_NVRTC_CALL(nvrtcGetPTXSize);
  CERMET_NVRTC_CALL(nvrtcGetPTX);
  CERMET_NVRTC_CALL(nvrtcGetProgramLogSize);
  CERMET_NVRTC_CALL(nvrtcGetProgramLog);
#undef CERMET_NVRTC_CALL
  int major = 0, minor = 0;
  calls_->nvrtcVersion(&major, &minor);
  version_ = fmt::format("{}.{}", major, minor);
}

std::vector<std::byte> Nvrtc::compile(const std::string& source,
                                      std::string_view architecture) const {
  const auto check = [&](NvrtcResult result, const char* what) {
    require(result == 0, ErrorCode::internal, "{} failed: {}", what,
            calls_->nvrtcGetErrorString(result));
  };
  NvrtcProgram program = nullptr;
  check(calls_->nvrtcCreateProgram(&program, source.c_str(), "kernel.cu", 0, nullptr, nullptr),
        "nvrtcCreateProgram");
  struct Guard {
    const Calls& calls;
    NvrtcProgram& program;
    ~Guard() { calls.nvrtcDestroyProgram(&program); }
  } guard{*calls_, program};
  const std::string arch = fmt::format("--gpu-architecture={}", architecture);
  const std::array options{arch.c_str(), "--std=c++17"};
  const NvrtcResult result =
      calls_->nvrtcCompileProgram(program, static_cast<int>(options.size()), options.data());
  if (result != 0) {
    size_t bytes = 0;
    calls_->nvrtcGetProgramLogSize(program, &bytes);
    std::string log(bytes, '\0');
    if (bytes > 0) calls_->nvrtcGetProgramLog(program, log.data());
    fail(ErrorCode::internal, "NVRTC {} could not compile a kernel for {}: {}\n{}", version_,
         architecture, calls_->nvrtcGetErrorString(result), log.c_str());
  }
  const bool machine = architecture.starts_with("sm_");
  size_t bytes = 0;
  check(machine ? calls_->nvrtcGetCUBINSize(program, &bytes)
                : calls_->nvrtcGetPTXSize(program, &bytes),
        "asking for the size of the code");
  std::vector<std::byte> image(bytes);
  auto* into = reinterpret_cast<char*>(image.data());
  check(machine ? calls_->nvrtcGetCUBIN(program, into) : calls_->nvrtcGetPTX(program, into),
        "fetching the code");
  return image;
}

}  // namespace cermet::cuda
