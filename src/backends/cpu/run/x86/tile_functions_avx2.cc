#include "backends/cpu/run/tile_functions.h"

namespace cermet::cpu {
namespace {

constexpr int vector_bytes = 32;

}  // namespace
}  // namespace cermet::cpu

#include "backends/cpu/run/tile_functions.inc"

namespace cermet::cpu {

const TileTable avx2::tile_table = make_tile_table();

}  // namespace cermet::cpu
