#include "backends/cpu/run/attention_functions.h"
#include "backends/cpu/run/attention_functions.inc"

namespace cermet::cpu {

const AttentionFunctions avx512::attention_table = make_attention_table();

}  // namespace cermet::cpu
