#include "backends/cpu/run/attention_functions.h"

#include "backends/cpu/run/attention_functions.inc"

namespace cermet::cpu {

const AttentionFunctions portable::attention_table = make_attention_table();

const AttentionFunctions& attention_functions(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::avx512) return avx512::attention_table;
  if (set == InstructionSet::avx2) return avx2::attention_table;
#endif
  static_cast<void>(set);
  return portable::attention_table;
}

}  // namespace cermet::cpu
