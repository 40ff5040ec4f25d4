#include "tests/cuda/driver_calls.h"

#include <dlfcn.h>

namespace cermet::testing {

int64_t driver_calls(const char* name) {
  void* const library = ::dlopen(FAKE_CUDA_FOLDER "/libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  const auto count =
      reinterpret_cast<int64_t (*)(const char*)>(::dlsym(library, "fake_cuda_calls"));
  const int64_t calls = count(name);
  ::dlclose(library);
  return calls;
}

}  // namespace cermet::testing
