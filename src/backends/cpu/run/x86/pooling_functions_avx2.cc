#include "backends/cpu/run/pooling_functions.h"
#include "backends/cpu/run/pooling_functions.inc"

namespace cermet::cpu {

const PoolFunctions avx2::pool{reduce_rows<Sum>, reduce_rows<Max>};

}  // namespace cermet::cpu
