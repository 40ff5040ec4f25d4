#include "base/cpu_features.h"

#include <algorithm>
#include <fstream>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace cermet {
namespace {

CpuFeatures detect() noexcept {
  CpuFeatures features;
#if defined(__x86_64__)
  __builtin_cpu_init();
  features.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  features.avx512 = features.avx2 && __builtin_cpu_supports("avx512f") &&
                    __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl");
  features.avx512_vnni = features.avx512 && __builtin_cpu_supports("avx512vnni");
  features.avx512_bf16 = features.avx512 && __builtin_cpu_supports("avx512bf16");
#endif
  return features;
}

struct Feature {
  std::string_view name;
  bool CpuFeatures::* member;
};
constexpr Feature known_features[] = {
    {"avx2", &CpuFeatures::avx2},
    {"avx512", &CpuFeatures::avx512},
    {"avx512_vnni", &CpuFeatures::avx512_vnni},
    {"avx512_bf16", &CpuFeatures::avx512_bf16},
};

bool has(const CpuFeatures& features, std::string_view name) {
  for (const Feature& feature : known_features)
    if (feature.name == name) return features.*feature.member;
  return false;
}

}  // namespace

const CpuFeatures& cpu_features() noexcept {
  static const CpuFeatures features = detect();
  return features;
}

std::string missing_feature(std::span<const std::string> needed, const CpuFeatures& features) {
  for (const std::string& name : needed)
    if (!has(features, name)) return name;
  return "";
}

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown processor";
}

size_t largest_cache_bytes() noexcept {
  size_t largest = 0;
#if defined(__x86_64__)
  // Intel's leaf for the parameters of caches, and AMD's, which is laid out the same. sysconf()
  // adds up the caches of a whole socket on some machines.
  for (const unsigned leaf : {0x4U, 0x8000001DU}) {
    unsigned a = 0, b = 0, c = 0, d = 0;
    for (unsigned i = 0; __get_cpuid_count(leaf, i, &a, &b, &c, &d) != 0 && (a & 31) != 0; ++i) {
      const size_t ways = (b >> 22) + 1, partitions = ((b >> 12) & 1023) + 1, line = (b & 4095) + 1;
      largest = std::max(largest, ways * partitions * line * (size_t{c} + 1));
    }
  }
#endif
  return largest;
}

std::string_view name(InstructionSet set) noexcept {
  switch (set) {
    case InstructionSet::avx2:
      return "avx2";
    case InstructionSet::avx512:
      return "avx512";
    default:
      return "portable";
  }
}

InstructionSet best_instruction_set(const CpuFeatures& features) noexcept {
  if (features.avx512) return InstructionSet::avx512;
  return features.avx2 ? InstructionSet::avx2 : InstructionSet::portable;
}

}  // namespace cermet
