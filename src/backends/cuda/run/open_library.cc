#include "backends/cuda/run/open_library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/error.h"

namespace cermet::cuda {
namespace {

// Wheels put a library into nvidia/WHEEL/lib of a site-packages folder.
void add_wheels(const LibraryFiles& library, const std::filesystem::path& prefix,
                std::vector<std::string>& paths) {
  std::error_code ignored;
  for (const char* lib : {"lib", "lib64", "local/lib"})
    for (const auto& python : std::filesystem::directory_iterator(prefix / lib, ignored))
      for (const char* packages : {"site-packages", "dist-packages"})
        for (const char* wheel : library.wheels)
          for (const char* name : library.files)
            paths.push_back(python.path() / packages / "nvidia" / wheel / "lib" / name);
}

const char* named_file(const LibraryFiles& library) {
  const char* given = std::getenv(library.variable);
  return given != nullptr && *given != '\0' ? given : nullptr;
}

std::vector<std::string> places(const LibraryFiles& library) {
  if (const char* given = named_file(library)) return {given};
  std::vector<std::string> paths(library.files.begin(), library.files.end());
  const auto add_toolkit = [&](const std::filesystem::path& root) {
    for (const char* name : library.files) paths.push_back(root / "lib64" / name);
  };
  for (const char* variable : {"CUDA_HOME", "CUDA_PATH"})
    if (const char* root = std::getenv(variable)) add_toolkit(root);
  add_toolkit("/usr/local/cuda");
  for (const char* variable : {"VIRTUAL_ENV", "CONDA_PREFIX"})
    if (const char* root = std::getenv(variable)) add_wheels(library, root, paths);
  if (const char* home = std::getenv("HOME"))
    add_wheels(library, std::filesystem::path(home) / ".local", paths);
  add_wheels(library, "/usr", paths);
  return paths;
}

}  // namespace

OpenLibrary open_library(const LibraryFiles& library) {
  for (const std::string& candidate : places(library)) {
    const bool is_name = candidate.find('/') == std::string::npos;
    if (!is_name && !std::filesystem::exists(candidate)) continue;
    if (void* handle = ::dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL))
      return {handle, candidate};
  }
  if (const char* given = named_file(library))
    fail(ErrorCode::device, "{} names {}, which can't be opened", library.variable, given);
  fail(ErrorCode::device,
       "{} was not found; {}. `pip install {}` brings it, as does a CUDA toolkit (CUDA_HOME); {} "
       "names the library itself",
       library.name, library.purpose, library.package, library.variable);
}

void* find_function(const OpenLibrary& library, const char* name, std::string_view needs) {
  void* function = ::dlsym(library.handle, name);
  require(function != nullptr, ErrorCode::device, "{} has no function {}: install {} or newer",
          library.path, name, needs);
  return function;
}

}  // namespace cermet::cuda
