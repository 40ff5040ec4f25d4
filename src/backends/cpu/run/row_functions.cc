#include "backends/cpu/run/row_functions.h"

namespace cermet::cpu {
namespace {

constexpr int vector_bytes = 16;

}  // namespace
}  // namespace cermet::cpu

#include "backends/cpu/run/row_functions.inc"

namespace cermet::cpu {

const RowFunctions portable::row_table = make_row_table();

const RowFunctions& row_functions(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::avx512) return avx512::row_table;
  if (set == InstructionSet::avx2) return avx2::row_table;
#endif
  static_cast<void>(set);
  return portable::row_table;
}

}  // namespace cermet::cpu
