#include "backends/cpu/run/row_functions.h"
#include "backends/cpu/run/row_functions.inc"

namespace cermet::cpu {

const RowFunctions avx512::row_table = make_row_table();

}  // namespace cermet::cpu
