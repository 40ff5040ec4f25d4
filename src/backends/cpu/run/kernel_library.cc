#include "backends/cpu/run/kernel_library.h"

#include <dlfcn.h>

#include "base/error.h"

namespace cermet::cpu {
namespace {

constexpr const char* module_name = "libcermet_onednn.so";

// The module stays open: kernels run its code until the process ends. It is opened for itself
// alone, so that the names of OpenMP's functions in it are not seen by others.
const KernelLibrary& open_module() {
  void* module = ::dlopen(module_name, RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) {
    const char* why = ::dlerror();
    fail(ErrorCode::device,
         "the engine needs oneDNN, and {} can't be opened: {}. Install Cermet with oneDNN (./x "
         "setup fetches it before a build), or build the engine with the tactics \"{}\" disabled",
         module_name, why ? why : "unknown reason", onednn_prefix);
  }
  const auto function =
      reinterpret_cast<KernelLibraryFunction>(::dlsym(module, kernel_library_symbol));
  require(function != nullptr, ErrorCode::device, "{} has no function {}: it is not Cermet's",
          module_name, kernel_library_symbol);
  const KernelLibrary& library = *function();
  require(library.interface_version == kernel_library_interface &&
              std::string_view(library.release) == CERMET_VERSION_STRING,
          ErrorCode::device,
          "{} is of Cermet {} (interface {}), this is Cermet {} (interface {}). Install both of "
          "one release",
          module_name, library.release, library.interface_version, CERMET_VERSION_STRING,
          kernel_library_interface);
  return library;
}

}  // namespace

const KernelLibrary& onednn_library() {
  static const KernelLibrary& library = open_module();
  return library;
}

const std::string& onednn_missing() {
  static const std::string reason = [] {
    try {
      onednn_library();
      return std::string();
    } catch (const Error& error) {
      return error.message();
    }
  }();
  return reason;
}

}  // namespace cermet::cpu
