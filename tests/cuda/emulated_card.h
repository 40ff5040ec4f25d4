// A card of the emulator in tests/fake_cuda, with what tests need to run a kernel on it.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "backends/cuda/run/driver.h"

namespace cermet::test {

// Sets FAKE_CUDA while it lives.
class FakeCudaSettings {
 public:
  explicit FakeCudaSettings(const char* settings);
  ~FakeCudaSettings();
  FakeCudaSettings(const FakeCudaSettings&) = delete;
  FakeCudaSettings& operator=(const FakeCudaSettings&) = delete;
};

struct Shape {
  unsigned blocks = 1, threads = 32, dynamic_bytes = 0;
  cuda::CUstream stream = nullptr;
};

class EmulatedCard {
 public:
  explicit EmulatedCard(int ordinal = 1);
  ~EmulatedCard();
  EmulatedCard(const EmulatedCard&) = delete;
  EmulatedCard& operator=(const EmulatedCard&) = delete;

  struct Compiled {
    int result = 0;
    std::string cubin, ptx, log;
  };
  // ptx.cu and prelude.cu come before the text.
  static Compiled compile(const std::string& source, const std::string& architecture = "sm_90");

  // Of a module that is unloaded with the card.
  cuda::CUfunction kernel(const std::string& source, const char* name);
  cuda::CUdeviceptr allocate(size_t bytes);

  template <class T>
  cuda::CUdeviceptr upload(const std::vector<T>& values) {
    const cuda::CUdeviceptr pointer = allocate(values.size() * sizeof(T));
    EXPECT_EQ(
        driver.cuMemcpyHtoDAsync_v2(pointer, values.data(), values.size() * sizeof(T), nullptr), 0);
    return pointer;
  }
  template <class T>
  std::vector<T> download(cuda::CUdeviceptr pointer, size_t count) {
    std::vector<T> values(count);
    EXPECT_EQ(driver.cuMemcpyDtoHAsync_v2(values.data(), pointer, count * sizeof(T), nullptr), 0);
    return values;
  }
  // Each argument takes 8 bytes, as all parameters of Cermet's kernels do.
  template <class... Arguments>
  cuda::CUresult launch(cuda::CUfunction function, Shape shape, Arguments... arguments) {
    std::array<uint64_t, sizeof...(arguments)> values{static_cast<uint64_t>(arguments)...};
    std::array<void*, sizeof...(arguments)> parameters{};
    for (size_t i = 0; i < values.size(); ++i) parameters[i] = &values[i];
    const cuda::CUlaunchConfig config{
        shape.blocks, 1, 1, shape.threads, 1, 1, shape.dynamic_bytes, shape.stream, nullptr, 0};
    return driver.cuLaunchKernelEx(&config, function, parameters.data(), nullptr);
  }

  cuda::Driver driver;

 private:
  cuda::CUdevice device_ = 0;
  std::vector<cuda::CUmodule> modules_;
  std::vector<cuda::CUdeviceptr> memory_;
};

}  // namespace cermet::test
