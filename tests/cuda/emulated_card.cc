#include "tests/cuda/emulated_card.h"

#include <dlfcn.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace cermet::test {
namespace {

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The calls of NVRTC that tests make.
struct Nvrtc {
  using Program = void*;
  int (*create)(Program*, const char*, const char*, int, const char* const*, const char* const*);
  int (*compile)(Program, int, const char* const*);
  int (*destroy)(Program*);
  using Size = int (*)(Program, size_t*);
  using Get = int (*)(Program, char*);
  Size cubin_size, ptx_size, log_size;
  Get cubin, ptx, log;

  Nvrtc() {
    void* library = ::dlopen(FAKE_CUDA_FOLDER "/libnvrtc.so", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw std::runtime_error(::dlerror());
    const auto open = [&](auto& call, const char* name) {
      call = reinterpret_cast<std::remove_reference_t<decltype(call)>>(::dlsym(library, name));
    };
    open(create, "nvrtcCreateProgram");
    open(compile, "nvrtcCompileProgram");
    open(destroy, "nvrtcDestroyProgram");
    open(cubin_size, "nvrtcGetCUBINSize");
    open(cubin, "nvrtcGetCUBIN");
    open(ptx_size, "nvrtcGetPTXSize");
    open(ptx, "nvrtcGetPTX");
    open(log_size, "nvrtcGetProgramLogSize");
    open(log, "nvrtcGetProgramLog");
  }
};

std::string text_of(void* program, Nvrtc::Size size, Nvrtc::Get get) {
  size_t bytes = 0;
  EXPECT_EQ(size(program, &bytes), 0);
  std::string text(bytes, '\0');
  EXPECT_EQ(get(program, text.data()), 0);
  return text;
}

}  // namespace

FakeCudaSettings::FakeCudaSettings(const char* settings) { ::setenv("FAKE_CUDA", settings, 1); }
FakeCudaSettings::~FakeCudaSettings() { ::unsetenv("FAKE_CUDA"); }

EmulatedCard::EmulatedCard(int ordinal) : driver(FAKE_CUDA_FOLDER "/libcuda.so.1") {
  cuda::CUcontext context = nullptr;
  EXPECT_EQ(driver.cuDeviceGet(&device_, ordinal), 0);
  EXPECT_EQ(driver.cuDevicePrimaryCtxRetain(&context, device_), 0);
  EXPECT_EQ(driver.cuCtxSetCurrent(context), 0);
}

EmulatedCard::~EmulatedCard() {
  for (cuda::CUmodule module : modules_) EXPECT_EQ(driver.cuModuleUnload(module), 0);
  for (const cuda::CUdeviceptr pointer : memory_) EXPECT_EQ(driver.cuMemFree_v2(pointer), 0);
  EXPECT_EQ(driver.cuCtxSetCurrent(nullptr), 0);
  EXPECT_EQ(driver.cuDevicePrimaryCtxRelease_v2(device_), 0);
}

EmulatedCard::Compiled EmulatedCard::compile(const std::string& source,
                                             const std::string& architecture) {
  static const Nvrtc nvrtc;
  const std::string folder = "src/backends/cuda/build/kernels/";
  const std::string text = read_text(folder + "ptx.cu") + read_text(folder + "prelude.cu") + source;
  const std::string option = "--gpu-architecture=" + architecture;
  const char* options[] = {option.c_str()};
  Nvrtc::Program program = nullptr;
  EXPECT_EQ(nvrtc.create(&program, text.c_str(), "kernel.cu", 0, nullptr, nullptr), 0);
  Compiled compiled;
  compiled.result = nvrtc.compile(program, 1, options);
  compiled.log = text_of(program, nvrtc.log_size, nvrtc.log);
  if (compiled.result == 0) {
    compiled.cubin = text_of(program, nvrtc.cubin_size, nvrtc.cubin);
    compiled.ptx = text_of(program, nvrtc.ptx_size, nvrtc.ptx);
  }
  EXPECT_EQ(nvrtc.destroy(&program), 0);
  return compiled;
}

cuda::CUfunction EmulatedCard::kernel(const std::string& source, const char* name) {
  const Compiled compiled = compile(source);
  EXPECT_EQ(compiled.result, 0) << compiled.log;
  cuda::CUmodule module = nullptr;
  cuda::CUfunction function = nullptr;
  EXPECT_EQ(driver.cuModuleLoadData(&module, compiled.cubin.data()), 0);
  modules_.push_back(module);
  EXPECT_EQ(driver.cuModuleGetFunction(&function, module, name), 0);
  return function;
}

cuda::CUdeviceptr EmulatedCard::allocate(size_t bytes) {
  cuda::CUdeviceptr pointer = 0;
  EXPECT_EQ(driver.cuMemAlloc_v2(&pointer, bytes), 0);
  memory_.push_back(pointer);
  return pointer;
}

}  // namespace cermet::test
