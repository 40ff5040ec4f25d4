#include "backends/cpu/run/resize_functions.h"
#include "backends/cpu/run/resize_functions.inc"

namespace cermet::cpu {

const BlendFunction avx2::blend = blend_rows;

}  // namespace cermet::cpu
