#include "backends/cpu/run/kernels.h"

#include <array>

namespace cermet::cpu {

std::span<const KernelEntry> kernels() {
  static const std::array<KernelEntry, 2> entries{{
      {"cpu.reorder", 1, make_reorder_kernel},
      {"cpu.reference", 1, make_reference_kernel},
  }};
  return entries;
}

}  // namespace cermet::cpu
