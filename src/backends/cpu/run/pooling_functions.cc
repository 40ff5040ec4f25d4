#include "backends/cpu/run/pooling_functions.h"

#include "backends/cpu/run/by_instruction_set.h"
#include "backends/cpu/run/pooling_functions.inc"

namespace cermet::cpu {

const PoolFunctions portable::pool{reduce_rows<Sum>, reduce_rows<Max>};

const PoolFunctions& pool_functions(InstructionSet set) {
  return by_instruction_set<portable::pool, avx2::pool, avx512::pool>(set);
}

}  // namespace cermet::cpu
