// Functions that compute one scalar operation on a tile: a short run of elements that stays in the
// first-level cache. There is one table of them for each instruction set.
#pragma once

#include <array>
#include <cstdint>

#include "base/cpu_features.h"
#include "expr/scalar_expr.h"

namespace cermet::cpu {

// Elements of a full tile.
inline constexpr int64_t tile_size = 512;

// How elements are held in a tile. Narrower types are widened: float16 and bfloat16 to f32,
// integers of at most 16 bits and int32 to i32, the others to i64 (uint64 by bit pattern). A mask
// is 0 or -1 in 32 bits.
enum class Lane : uint8_t { f32, f64, i32, i64, mask };
inline constexpr int lane_count = 5;
inline constexpr size_t lane_bytes(Lane lane) {
  return lane == Lane::f64 || lane == Lane::i64 ? 8 : 4;
}

// to[i] = f(a[i], b[i], c[i]) for i < n; arguments that the operation lacks are not read. No
// alignment is required. `to` may be an argument of elements as wide, otherwise nothing overlaps.
using TileFunction = void (*)(int64_t n, void* to, const void* a, const void* b, const void* c);

using LaneFunctions = std::array<TileFunction, lane_count>;
using TypeFunctions = std::array<TileFunction, element_type_count>;

// Entries are nullptr where there is no such function.
struct TileTable {
  // By operation and the lane of its arguments (of the second one for select).
  std::array<LaneFunctions, scalar_op_count> operations{};
  // Of uint64, where the sign matters.
  std::array<TileFunction, scalar_op_count> unsigned_operations{};
  TileFunction multiply_add = nullptr;              // a * b + c in f32
  TypeFunctions load{};                             // from memory to the type's lane
  TypeFunctions store{};                            // from the type's lane to memory, rounding
  std::array<LaneFunctions, lane_count> convert{};  // by source lane, then target lane
  // f32 to the value of float16 or bfloat16; integers wrapped to the type's width.
  TypeFunctions narrow{};
  TypeFunctions from_f32{};  // towards zero, clamped to the integer type; NaN becomes 0
  TypeFunctions from_f64{};
};

// Throws nothing; where this build has no files of `set`, the portable table.
const TileTable& tile_functions(InstructionSet set);

namespace portable {
extern const TileTable tile_table;
}
namespace avx2 {
extern const TileTable tile_table;
}
namespace avx512 {
extern const TileTable tile_table;
}

}  // namespace cermet::cpu
