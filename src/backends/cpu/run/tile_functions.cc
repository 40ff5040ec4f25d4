#include "backends/cpu/run/tile_functions.h"

namespace cermet::cpu {
namespace {

constexpr int vector_bytes = 16;

}  // namespace
}  // namespace cermet::cpu

#include "backends/cpu/run/tile_functions.inc"

namespace cermet::cpu {

const TileTable portable::tile_table = make_tile_table();

const TileTable& tile_functions(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::avx512) return avx512::tile_table;
  if (set == InstructionSet::avx2) return avx2::tile_table;
#endif
  static_cast<void>(set);
  return portable::tile_table;
}

}  // namespace cermet::cpu
