#include "backends/cpu/run/winograd_functions.h"

#include "backends/cpu/run/by_instruction_set.h"
#include "backends/cpu/run/winograd_functions.inc"

namespace cermet::cpu {

const WinogradFunctions portable::winograd_table = make_winograd_table();

const WinogradFunctions& winograd_functions(InstructionSet set) {
  return by_instruction_set<portable::winograd_table, avx2::winograd_table, avx512::winograd_table>(
      set);
}

}  // namespace cermet::cpu
