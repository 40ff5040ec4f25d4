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

// What a name of processors says: "cpu", "cuda" and "cuda:N" one kind, "cuda,cpu" and "cuda:N,cpu"
// a GPU and the CPU where that can't be used, "auto" whatever there is.
struct NamedDevices {
  bool cpu = false, gpu = false;
  int card = 0;  // N; 0 where the name has none
};
// Throws invalid_argument for what is no such name.
NamedDevices named_devices(const std::string& name);

// Never fails for want of a GPU or its driver.
DeviceList list_devices();

}  // namespace cermet
