#include "backends/cpu/run/winograd_functions.h"

namespace cermet::cpu {
namespace {

constexpr int vector_bytes = 16;

}  // namespace
}  // namespace cermet::cpu

#include "backends/cpu/run/winograd_functions.inc"

namespace cermet::cpu {

const WinogradFunctions portable::winograd_table = make_winograd_table();

const WinogradFunctions& winograd_functions(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::avx512) return avx512::winograd_table;
  if (set == InstructionSet::avx2) return avx2::winograd_table;
#endif
  static_cast<void>(set);
  return portable::winograd_table;
}

}  // namespace cermet::cpu
