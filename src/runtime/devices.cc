#include "cermet/devices.h"

#include <unistd.h>

#include <charconv>

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

NamedDevices named_devices(const std::string& name) {
  constexpr std::string_view gpu = "cuda", and_cpu = ",cpu";
  if (name == "auto") return {.cpu = true, .gpu = true};
  if (name == "cpu") return {.cpu = true};
  std::string_view rest = name;
  NamedDevices devices{.cpu = rest.ends_with(and_cpu), .gpu = rest.starts_with(gpu)};
  if (devices.cpu) rest.remove_suffix(and_cpu.size());
  if (devices.gpu) rest.remove_prefix(gpu.size());
  bool good = devices.gpu && (rest.empty() || rest.front() == ':');
  if (good && !rest.empty()) {
    const char* const end = rest.data() + rest.size();
    const auto [stop, error] = std::from_chars(rest.data() + 1, end, devices.card);
    good = error == std::errc() && stop == end && devices.card >= 0;
  }
  require(good, ErrorCode::invalid_argument,
          "there is no device '{}'; expected auto, cpu, cuda, cuda:N or cuda,cpu", name);
  return devices;
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
