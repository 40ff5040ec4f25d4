#include "cermet/devices.h"

#include <unistd.h>

#include "backends/cuda/run/cards.h"
#include "backends/cuda/run/peaks.h"
#include "base/cpu_features.h"
#include "base/error.h"
#include "base/thread_team.h"

namespace cermet {
namespace {

DeviceInfo processor() {
  const long pages = ::sysconf(_SC_PHYS_PAGES), page = ::sysconf(_SC_PAGESIZE);
  const size_t memory = pages > 0 && page > 0 ? static_cast<size_t>(pages) * page : 0;
  return {.name = "cpu",
          .product = processor_name(),
          .architecture = std::string(name(best_instruction_set())),
          .cores = available_threads(),
          .memory_bytes = memory};
}

void add_cards(DeviceList& list) {
  const cuda::Driver driver;
  for (const cuda::Card& card : cuda::cards(driver))
    list.devices.push_back({.name = fmt::format("cuda:{}", list.devices.size() - 1),
                            .product = card.product,
                            .architecture = card.architecture(),
                            .cores = card.multiprocessors,
                            .memory_bytes = card.memory_bytes,
                            .clock_mhz = card.clock_khz / 1000,
                            .memory_clock_mhz = card.memory_clock_khz / 1000,
                            .memory_bus_bits = card.memory_bus_bits,
                            .l2_bytes = card.l2_bytes,
                            .peaks = cuda::peaks_of(card)});
  if (list.devices.size() > 1)
    list.cuda_version = driver.version();
  else
    list.no_gpu = "the NVIDIA driver sees no card";
}

}  // namespace

double DevicePeaks::products_of(ElementType factors, bool allow_tf32) const {
  switch (factors) {
    case ElementType::float32:
      return allow_tf32 ? tensor_tf32 : float32;
    case ElementType::float16:
    case ElementType::bfloat16:
      return tensor_float16;
    case ElementType::int8:
    case ElementType::uint8:
      return tensor_int8;
    case ElementType::float8e4m3fn:
    case ElementType::float8e4m3fnuz:
    case ElementType::float8e5m2:
    case ElementType::float8e5m2fnuz:
      return tensor_float8 > 0 ? tensor_float8 : tensor_float16;
    default:
      return 0;
  }
}

double DevicePeaks::arithmetic_of(ElementType type) const {
  const int bits = bit_width(type);
  return bits > 0 && bits <= 32 ? float32 : 0;
}

DeviceList list_devices() {
  DeviceList list;
  list.devices.push_back(processor());
  try {
    add_cards(list);
  } catch (const Error& error) {
    list.devices.resize(1);
    list.no_gpu = error.message();
  }
  return list;
}

}  // namespace cermet
