#include "backends/cpu/run/row_functions.h"
#include "backends/cpu/run/row_functions.inc"

namespace cermet::cpu {

const RowFunctions avx2::row_table = make_row_table();

}  // namespace cermet::cpu
