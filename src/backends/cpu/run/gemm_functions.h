// The innermost part of matrix products, one table for each instruction set.
#pragma once

#include <cstdint>

#include "base/cpu_features.h"

namespace cermet::cpu {

inline constexpr int most_gemm_rows = 14;

// c[r * c_row + j] (+)= sum over k < depth of a[k * rows + r] * b[k * columns + j]
// for r < the function's rows and j < width, width at most `columns`. a and b are packed panels; b
// is aligned to 64 and padded to `columns`. The lines of b[k * columns + ahead] are asked for in
// the second-level cache while that goes on.
struct GemmTile {
  const float* a = nullptr;
  const float* b = nullptr;
  int64_t ahead = 0;
  float* c = nullptr;
  int64_t depth = 0, width = 0;
  int64_t c_row = 0;
  bool adds = false;  // to what is in c
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
