// The processors of this machine.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace cermet {

struct DeviceInfo {
  std::string name;          // "cpu", "cuda:0"
  std::string product;       // "NVIDIA H200"
  std::string architecture;  // "avx512", "sm_90"
  int cores = 0;             // CPU: threads that this process may run at once; GPU: multiprocessors
  size_t memory_bytes = 0;
};

struct DeviceList {
  std::vector<DeviceInfo> devices;  // the CPU first, then GPUs in the driver's order
  std::string cuda_version;         // the newest that the NVIDIA driver runs: "13.0"; empty: no GPU
  std::string no_gpu;               // why no GPU is listed, in words; empty where one is
};

// Never fails for want of a GPU or its driver.
DeviceList list_devices();

}  // namespace cermet
