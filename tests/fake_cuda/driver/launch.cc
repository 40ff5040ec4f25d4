// The driver's calls that launch functions, with the limits of the card.
#include <cstring>

#include "driver/pool.h"
#include "driver/state.h"

using namespace cermet::cuda;

namespace {

constexpr size_t default_shared = 48 << 10;
constexpr unsigned most_threads = 1024, most_depth = 64, most_blocks_yz = 65535;

size_t most_shared(const CUfunc_st& function) {
  return function.module->ordinal == 0 ? 99 << 10 : 227 << 10;
}

size_t static_shared(const CUfunc_st& function) {
  const emulation::Module& module = *function.module->emulated;
  return static_cast<size_t>(module.end - module.begin);
}

bool fits(const CUlaunchConfig& config, const CUfunc_st& function) {
  const size_t x = config.blockDimX, y = config.blockDimY, z = config.blockDimZ;
  if (x == 0 || y == 0 || z == 0 || x > most_threads || y > most_threads || z > most_depth)
    return false;
  const unsigned bound = function.kernel->max_threads;
  if (x * y * z > (bound != 0 ? bound : most_threads)) return false;
  if (config.gridDimX == 0 || config.gridDimY == 0 || config.gridDimZ == 0) return false;
  if (config.gridDimX > 0x7fffffffu || config.gridDimY > most_blocks_yz ||
      config.gridDimZ > most_blocks_yz)
    return false;
  const size_t dynamic = config.sharedMemBytes;
  return dynamic <= function.dynamic_limit || dynamic + static_shared(function) <= default_shared;
}

// Programmatic dependent launch. Of several predecessors in a capture a kernel that starts early
// may not be sure to wait for all; that is refused here.
bool starts_early(const CUlaunchConfig& config) {
  return config.numAttrs == 1 &&
         config.attrs->id == CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION &&
         config.attrs->value.programmaticStreamSerializationAllowed != 0;
}

// Copies of the parameters, which may change once the call is made.
class Parameters {
 public:
  Parameters(const emulation::Kernel& kernel, void** values) {
    for (int i = 0; i < kernel.parameters; ++i) {
      auto& copy = copies_.emplace_back((kernel.sizes[i] + 15) / 16);
      std::memcpy(copy.data(), values[i], kernel.sizes[i]);
    }
  }
  std::vector<void*> pointers() {
    std::vector<void*> result;
    for (auto& copy : copies_) result.push_back(copy.data());
    return result;
  }

 private:
  struct alignas(16) Piece {
    unsigned char bytes[16];
  };
  std::vector<std::vector<Piece>> copies_;
};

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): the driver's names
extern "C" {

CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value) {
  FAKE_CUDA_CALL("cuFuncSetAttribute");
  if (state().functions.count(function) == 0) return error_invalid_handle;
  if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES || value < 0 ||
      static_cast<size_t>(value) + static_shared(*function) > most_shared(*function))
    return CUDA_ERROR_INVALID_VALUE;
  function->dynamic_limit = static_cast<size_t>(value);
  return CUDA_SUCCESS;
}

CUresult cuLaunchKernelEx(const CUlaunchConfig* config, CUfunction function, void** parameters,
                          void** extra) {
  FAKE_CUDA_CALL("cuLaunchKernelEx");
  if (state().functions.count(function) == 0 || !is_stream(config->hStream) ||
      function->module->ordinal != call.ordinal)
    return error_invalid_handle;
  if (!fits(*config, *function) || extra != nullptr ||
      (parameters == nullptr && function->kernel->parameters != 0) ||
      (config->attrs == nullptr && config->numAttrs != 0))
    return CUDA_ERROR_INVALID_VALUE;
  if (starts_early(*config) && config->hStream != nullptr && config->hStream->capture != nullptr &&
      config->hStream->last.size() > 1)
    return CUDA_ERROR_INVALID_VALUE;
  fake_cuda::Launch launch{function->name,
                           function->module->emulated,
                           function->kernel,
                           {config->gridDimX, config->gridDimY, config->gridDimZ},
                           {config->blockDimX, config->blockDimY, config->blockDimZ},
                           config->sharedMemBytes};
  return submit(config->hStream, [launch = std::move(launch), function,
                                  copies = Parameters(*function->kernel, parameters)]() mutable {
    if (state().functions.count(function) == 0) return error_invalid_handle;
    const Access access;
    fake_cuda::run_grid(launch, copies.pointers().data());
    return CUDA_SUCCESS;
  });
}
}
// NOLINTEND(readability-identifier-naming)
