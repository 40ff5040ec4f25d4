#include "backends/cpu/run/tile_functions.h"

#include "backends/cpu/run/by_instruction_set.h"
#include "backends/cpu/run/tile_functions.inc"

namespace cermet::cpu {

const TileTable portable::tile_table = make_tile_table();

const TileTable& tile_functions(InstructionSet set) {
  return by_instruction_set<portable::tile_table, avx2::tile_table, avx512::tile_table>(set);
}

}  // namespace cermet::cpu
