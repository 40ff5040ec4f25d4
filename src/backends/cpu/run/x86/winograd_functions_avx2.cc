#include "backends/cpu/run/winograd_functions.h"
#include "backends/cpu/run/winograd_functions.inc"

namespace cermet::cpu {

const WinogradFunctions avx2::winograd_table = make_winograd_table();

}  // namespace cermet::cpu
