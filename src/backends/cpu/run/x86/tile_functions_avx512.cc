#include "backends/cpu/run/tile_functions.h"
#include "backends/cpu/run/tile_functions.inc"

namespace cermet::cpu {

const TileTable avx512::tile_table = make_tile_table();

}  // namespace cermet::cpu
