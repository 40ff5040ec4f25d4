#include "backends/cuda/build/nvrtc.h"

#include <dlfcn.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"

namespace cermet::cuda {
namespace {

// NVRTC's own types, as its header declares them.
using NvrtcResult = int;
using NvrtcProgram = struct NvrtcProgramState*;

constexpr std::array<const char*, 4> library_names{"libnvrtc.so.13", "libnvrtc.so.12",
                                                   "libnvrtc.so.11.2", "libnvrtc.so"};

// Wheels put the library into nvidia/cuda_nvrtc/lib or nvidia/cu13/lib of a site-packages folder.
void add_wheels(const std::filesystem::path& prefix, std::vector<std::string>& paths) {
  std::error_code ignored;
  for (const char* lib : {"lib", "lib64", "local/lib"})
    for (const auto& python : std::filesystem::directory_iterator(prefix / lib, ignored))
      for (const char* packages : {"site-packages", "dist-packages"})
        for (const char* wheel : {"cu13", "cuda_nvrtc"})
          for (const char* name : library_names)
            paths.push_back(python.path() / packages / "nvidia" / wheel / "lib" / name);
}

std::vector<std::string> places() {
  const char* given = std::getenv("CERMET_NVRTC");
  if (given != nullptr && *given != '\0') return {given};
  std::vector<std::string> paths(library_names.begin(), library_names.end());
  const auto add_toolkit = [&](const std::filesystem::path& root) {
    for (const char* name : library_names) paths.push_back(root / "lib64" / name);
  };
  for (const char* variable : {"CUDA_HOME", "CUDA_PATH"})
    if (const char* root = std::getenv(variable)) add_toolkit(root);
  add_toolkit("/usr/local/cuda");
  for (const char* variable : {"VIRTUAL_ENV", "CONDA_PREFIX"})
    if (const char* root = std::getenv(variable)) add_wheels(root, paths);
  if (const char* home = std::getenv("HOME"))
    add_wheels(std::filesystem::path(home) / ".local", paths);
  add_wheels("/usr", paths);
  return paths;
}

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
  const std::vector<std::string> candidates = places();
  for (const std::string& candidate : candidates) {
    const bool is_name = candidate.find('/') == std::string::npos;
    if (!is_name && !std::filesystem::exists(candidate)) continue;
    library_ = ::dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library_ == nullptr) continue;
    open(candidate);
    return;
  }
  const char* given = std::getenv("CERMET_NVRTC");
  require(given == nullptr || *given == '\0', ErrorCode::device,
          "CERMET_NVRTC names {}, which can't be opened", given ? given : "");
  fail(ErrorCode::device,
       "NVRTC, NVIDIA's run-time compiler, was not found; kernels for GPUs are compiled with it. "
       "`pip install nvidia-cuda-nvrtc-cu12` brings it, as does a CUDA toolkit (CUDA_HOME); "
       "CERMET_NVRTC names the library itself");
}

Nvrtc::~Nvrtc() {
  delete calls_;
  if (library_ != nullptr) ::dlclose(library_);
}

void Nvrtc::open(const std::string& path) {
  path_ = path;
  calls_ = new Calls;
  const auto find = [&](auto& call, const char* name) {
    call = reinterpret_cast<std::remove_reference_t<decltype(call)>>(::dlsym(library_, name));
    require(call != nullptr, ErrorCode::device,
            "{} has no function {}: install NVRTC of CUDA 12 or newer", path, name);
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
