// The parts of attention that are neither a product of packed panels nor a whole row, one table for
// each instruction set.
#pragma once

#include <cstdint>

#include "backends/cpu/run/gemm_functions.h"

namespace cermet::cpu {

inline constexpr int64_t attention_keys = 256;  // that are weighed at once
// Rows of weights lie this far apart; known to the compiler, so that a tile needs one address, and
// no power of two, so that rows don't share a cache line's place.
inline constexpr int64_t weights_row = attention_keys + 16;

// y[r * y_row + j] = (keep ? keep[r] * y[r * y_row + j] : 0)
//                    + sum over k < depth of weights[r * weights_row + k] * values[k * columns + j]
// for r < the function's rows and j < width, width at most `columns`. `values` is a packed panel,
// padded to `columns`.
struct WeighedTile {
  const float* weights = nullptr;
  const float* values = nullptr;
  const float* keep = nullptr;
  float* y = nullptr;
  int64_t depth = 0, width = 0;
  int64_t y_row = 0;
};

struct AttentionFunctions {
  void (*weigh[most_gemm_rows + 1])(const WeighedTile&);  // by rows, as gemm_functions has them
  void (*add)(int64_t n, float* x, const float* bias);    // x += bias
};
const AttentionFunctions& attention_functions(InstructionSet set);

namespace portable {
extern const AttentionFunctions attention_table;
}
namespace avx2 {
extern const AttentionFunctions attention_table;
}
namespace avx512 {
extern const AttentionFunctions attention_table;
}

}  // namespace cermet::cpu
