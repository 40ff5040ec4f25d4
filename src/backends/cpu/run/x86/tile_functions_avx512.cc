#include "backends/cpu/run/tile_functions.h"

namespace cermet::cpu {
namespace {

constexpr int vector_bytes = 64;

}  // namespace
}  // namespace cermet::cpu

#include "backends/cpu/run/tile_functions.inc"

namespace cermet::cpu {

const TileTable avx512::tile_table = make_tile_table();

}  // namespace cermet::cpu
