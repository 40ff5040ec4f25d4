// The processors of this machine.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cermet/element_type.h"

namespace cermet {

// What a GPU does at most, in 10^9 a second: its multiprocessors at their highest clock, its memory
// at its own. A multiplication with addition is two operations. 0: there is no such instruction, or
// nothing is known.
struct DevicePeaks {
  double float32 = 0;  // outside of tensor cores
  // Dense products on tensor cores, summed in float32 or int32.
  double tensor_tf32 = 0;     // of float32 rounded to TF32
  double tensor_float16 = 0;  // of bfloat16 too
  double tensor_int8 = 0;     // of uint8 too
  double tensor_float8 = 0;
  double bytes = 0;  // read and written, of the card's memory

  // Of products whose factors have that type; of float8, where tensor cores lack it, as of float16,
  // in which it is taken then. 0 for types of which nothing is known.
  double products_of(ElementType factors, bool allow_tf32) const;
  // Of all other arithmetic: halves are computed as float32.
  double arithmetic_of(ElementType type) const;
};

struct DeviceInfo {
  std::string name;          // "cpu", "cuda:0"
  std::string product;       // "NVIDIA H200"
  std::string architecture;  // "avx512", "sm_90"
  int cores = 0;             // CPU: threads that this process may run at once; GPU: multiprocessors
  size_t memory_bytes = 0;
  // Of GPUs, as the driver tells them; 0 where it does not.
  int clock_mhz = 0, memory_clock_mhz = 0;  // the highest
  int memory_bus_bits = 0;
  size_t l2_bytes = 0;                    // of the cache in front of the memory
  std::optional<DevicePeaks> peaks = {};  // nothing for CPUs and for unknown architectures
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
