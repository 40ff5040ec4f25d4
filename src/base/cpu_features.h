// What the processor that this process runs on can do.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace cermet {

struct CpuFeatures {
  bool avx2 = false;    // with FMA and F16C
  bool avx512 = false;  // F, BW, DQ and VL
  bool avx512_vnni = false;
  bool avx512_bf16 = false;
};

// Asked once; what the operating system does not save is off.
const CpuFeatures& cpu_features() noexcept;

// As the system names it: "AMD EPYC 9654".
std::string processor_name();

// Bytes of the largest cache that a core reaches; several cores may share it. 0: not known.
size_t largest_cache_bytes() noexcept;

// The first of `needed`, by the names of CpuFeatures' members, that a processor lacks or that this
// release does not know; empty: none.
std::string missing_feature(std::span<const std::string> needed, const CpuFeatures& features);

// The instruction sets for which the CPU's own kernels are compiled, each in its own files.
enum class InstructionSet : uint8_t { portable, avx2, avx512 };
std::string_view name(InstructionSet set) noexcept;

// The widest that these features allow.
InstructionSet best_instruction_set(const CpuFeatures& features = cpu_features()) noexcept;

}  // namespace cermet
