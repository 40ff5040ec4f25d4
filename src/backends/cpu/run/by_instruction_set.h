// The choice among what is compiled for each instruction set.
#pragma once

#include "base/cpu_features.h"

namespace cermet::cpu {

#if defined(__x86_64__)
inline constexpr bool has_x86_kernels = true;
#else
inline constexpr bool has_x86_kernels = false;
#endif

// One of three tables, of which only `portable` has to exist where this is no x86 build.
template <const auto& portable, const auto& avx2, const auto& avx512>
const auto& by_instruction_set([[maybe_unused]] InstructionSet set) {
  if constexpr (has_x86_kernels) {
    if (set == InstructionSet::avx512) return avx512;
    if (set == InstructionSet::avx2) return avx2;
  }
  return portable;
}

}  // namespace cermet::cpu
