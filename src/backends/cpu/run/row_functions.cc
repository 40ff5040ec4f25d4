#include "backends/cpu/run/row_functions.h"

#include "backends/cpu/run/by_instruction_set.h"
#include "backends/cpu/run/row_functions.inc"

namespace cermet::cpu {

const RowFunctions portable::row_table = make_row_table();

const RowFunctions& row_functions(InstructionSet set) {
  return by_instruction_set<portable::row_table, avx2::row_table, avx512::row_table>(set);
}

}  // namespace cermet::cpu
