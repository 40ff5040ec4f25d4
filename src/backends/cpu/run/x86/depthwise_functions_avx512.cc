#include "backends/cpu/run/depthwise_functions.h"
#include "backends/cpu/run/depthwise_functions.inc"

namespace cermet::cpu {

const DepthwiseFunction avx512::depthwise = depthwise_row;

}  // namespace cermet::cpu
