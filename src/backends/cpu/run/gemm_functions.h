// The innermost part of matrix products, one table for each instruction set.
#pragma once

#include <cstdint>

#include "base/cpu_features.h"

namespace cermet::cpu {

inline constexpr int most_gemm_rows = 14;
// Products that a tile sums up at most: a panel of B and the rows of A then fit the first-level
// cache.
inline constexpr int64_t gemm_depth = 256;
// Rows of A lie this far apart: known to the compiler, so that a tile needs one address, and no
// power of two, so that rows don't share a cache line's place.
inline constexpr int64_t gemm_row = gemm_depth + 16;

// c[r * c_row + j] = (keep ? keep[r] * c[r * c_row + j] : 0)
//                    + sum over k < depth of a[r * gemm_row + k] * b[k * columns + j]
// for r < the function's rows and j < width, width at most `columns`. b is a packed panel, aligned
// to 64 and padded to `columns`. The lines of b[k * columns + ahead] are asked for in the
// second-level cache while that goes on.
struct GemmTile {
  const float* a = nullptr;
  const float* b = nullptr;
  int64_t ahead = 0;
  const float* keep = nullptr;
  float* c = nullptr;
  int64_t depth = 0, width = 0;
  int64_t c_row = 0;
};

struct GemmFunctions {
  int64_t rows, columns;                              // of a full tile
  void (*tile[most_gemm_rows + 1])(const GemmTile&);  // by its rows, 1 to `rows`
};
const GemmFunctions& gemm_functions(InstructionSet set);

namespace portable {
extern const GemmFunctions gemm_table;
}
namespace avx2 {
extern const GemmFunctions gemm_table;
}
namespace avx512 {
extern const GemmFunctions gemm_table;
}

}  // namespace cermet::cpu
