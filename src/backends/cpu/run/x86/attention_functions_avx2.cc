#include "backends/cpu/run/attention_functions.h"
#include "backends/cpu/run/attention_functions.inc"

namespace cermet::cpu {

const AttentionFunctions avx2::attention_table = make_attention_table();

}  // namespace cermet::cpu
