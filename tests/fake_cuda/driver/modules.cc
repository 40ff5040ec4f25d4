// The driver's calls about modules and their functions.
#include <dlfcn.h>
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "driver/state.h"

using namespace cermet::cuda;

namespace {

// The length of a library that begins at `image`, or 0.
size_t image_bytes(const void* image) {
  if (image == nullptr || std::memcmp(image, ELFMAG, SELFMAG) != 0) return 0;
  Elf64_Ehdr header;
  std::memcpy(&header, image, sizeof header);
  return header.e_shoff + size_t{header.e_shnum} * header.e_shentsize;
}

// A cubin runs on the cards of its major version that are as new, PTX on all that are.
bool runs_on(const emulation::Module& module, int ordinal) {
  const char* number = std::strchr(module.architecture, '_');
  const int wanted = number != nullptr ? std::atoi(number + 1) : 0;
  const int card = ordinal == 0 ? 89 : 90;
  const bool cubin = std::strcmp(module.form, "CERMET_EMULATED_CUBIN") == 0;
  return wanted <= card && (!cubin || wanted / 10 == card / 10);
}

void close(CUmod_st& module) {
  if (module.library != nullptr) ::dlclose(module.library);
  if (module.file >= 0) ::close(module.file);
}

CUresult load(CUmod_st& module, const void* image, size_t bytes) {
  // A file in memory has a path of its own for as long as it is open.
  module.file = ::memfd_create("fake_cuda_module", MFD_CLOEXEC);
  if (module.file < 0 || ::write(module.file, image, bytes) != static_cast<ssize_t>(bytes))
    return CUDA_ERROR_OUT_OF_MEMORY;
  const std::string path = "/proc/self/fd/" + std::to_string(module.file);
  module.library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module.library == nullptr) return error_invalid_image;
  module.emulated = static_cast<emulation::Module*>(::dlsym(module.library, "emulated_module"));
  if (module.emulated == nullptr) return error_invalid_image;
  if (!runs_on(*module.emulated, module.ordinal)) return CUDA_ERROR_NO_BINARY_FOR_GPU;
  *module.emulated->machine = &fake_cuda::machine();
  return CUDA_SUCCESS;
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): the driver's names
extern "C" {

CUresult cuModuleLoadData(CUmodule* module, const void* image) {
  FAKE_CUDA_CALL("cuModuleLoadData");
  const size_t bytes = image_bytes(image);
  if (bytes == 0) return error_invalid_image;
  auto loaded = std::make_unique<CUmod_st>();
  loaded->ordinal = call.ordinal;
  if (const CUresult error = load(*loaded, image, bytes); error != CUDA_SUCCESS) {
    close(*loaded);
    return error;
  }
  *module = loaded.release();
  state().modules.insert(*module);
  return CUDA_SUCCESS;
}

CUresult cuModuleUnload(CUmodule module) {
  FAKE_CUDA_CALL("cuModuleUnload");
  finish_all();
  if (state().modules.erase(module) == 0) return error_invalid_handle;
  for (const auto& [name, function] : module->functions) state().functions.erase(function.get());
  close(*module);
  delete module;
  return CUDA_SUCCESS;
}

CUresult cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
  FAKE_CUDA_CALL("cuModuleGetFunction");
  if (state().modules.count(module) == 0) return error_invalid_handle;
  auto& known = module->functions[name];
  if (known == nullptr) {
    const auto* kernel = static_cast<const emulation::Kernel*>(
        ::dlsym(module->library, (std::string(name) + "_emulated").c_str()));
    if (kernel == nullptr) {
      module->functions.erase(name);
      return error_not_found;
    }
    known = std::make_unique<CUfunc_st>(CUfunc_st{module, name, kernel});
    state().functions.insert(known.get());
  }
  *function = known.get();
  return CUDA_SUCCESS;
}
}
// NOLINTEND(readability-identifier-naming)
