#include "backends/cuda/run/driver.h"

#include <dlfcn.h>

#include "base/error.h"

namespace cermet::cuda {
namespace {

const char* last_error() {
  const char* text = ::dlerror();
  return text != nullptr ? text : "unknown reason";
}

// After these, which a kernel causes, all calls in the process' context fail.
bool is_fault_of_kernel(CUresult result) {
  constexpr CUresult illegal_address = 700, timeout = 702, assertion = 710;
  constexpr CUresult first_of_hardware = 714, last_of_hardware = 719;
  return result == illegal_address || result == timeout || result == assertion ||
         (result >= first_of_hardware && result <= last_of_hardware);
}

}  // namespace

Driver::Driver(const std::string& library) {
  library_ = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  require(library_ != nullptr, ErrorCode::device,
          "there is no NVIDIA driver: {}. Its package brings libcuda.so.1; a container has to be "
          "given it",
          library_ != nullptr ? "" : last_error());
  try {
    open_calls(library);
    check(cuInit(0), "starting the NVIDIA driver");
  } catch (...) {
    ::dlclose(library_);
    throw;
  }
}

// The real one stays, as its threads may be running; closing it only gives the handle back.
Driver::~Driver() { ::dlclose(library_); }

void Driver::open_calls(const std::string& library) {
  const auto open = [&](auto& call, const char* name) {
    call = reinterpret_cast<std::remove_reference_t<decltype(call)>>(::dlsym(library_, name));
    require(call != nullptr, ErrorCode::device,
            "{} has no function {}: the driver is older than CUDA 11, install a newer one", library,
            name);
  };
#define CERMET_CUDA_CALL(name, parameters) open(name, #name);
  CERMET_CUDA_CALLS(CERMET_CUDA_CALL)
#undef CERMET_CUDA_CALL
}

void Driver::check(CUresult result, const std::string& what) const {
  if (result == CUDA_SUCCESS) return;
  const char *name = nullptr, *text = nullptr;
  // Both fail for a number that this driver does not know.
  if (cuGetErrorName(result, &name) != CUDA_SUCCESS || name == nullptr) name = "unknown error";
  if (cuGetErrorString(result, &text) != CUDA_SUCCESS || text == nullptr) text = "no description";
  fail(result == CUDA_ERROR_OUT_OF_MEMORY ? ErrorCode::out_of_memory : ErrorCode::device,
       "{} failed: {} ({}): {}{}", what, name, result, text,
       is_fault_of_kernel(result)
           ? ". A kernel went wrong; this process can't use the card any more"
           : "");
}

std::string Driver::version() const {
  int version = 0;
  check(cuDriverGetVersion(&version), "the NVIDIA driver's version");
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

}  // namespace cermet::cuda
