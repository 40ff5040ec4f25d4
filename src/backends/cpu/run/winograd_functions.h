// The three parts of a Winograd convolution, one table for each instruction set. Window 3x3,
// results in tiles of m x m from patches of (m + 2) x (m + 2), m 2 or 4: Lavin and Gray, "Fast
// Algorithms for Convolutional Neural Networks", 2015.
#pragma once

#include <cstdint>

#include "backends/cpu/run/bounds.h"
#include "base/cpu_features.h"

namespace cermet::cpu {

inline constexpr int64_t winograd_block = 16;  // channels that lie beside each other
inline constexpr int most_winograd_rows = 14;

// v[place * v_place + block * v_block + i] = (B' d B)[place] for the channels 16 * block + i, where
// d[p] = pixels[p][channel].
struct WinogradInput {
  const float* const* pixels = nullptr;  // of a patch, row by row; each has all channels
  float* v = nullptr;
  int64_t v_place = 0, v_block = 0;
  int64_t blocks = 0;
};

// m[r * columns + j] = sum over block, i of v[block * v_block + r * 16 + i] * u[(16 * block + i) *
// columns + j] for r < the function's rows. u and m are aligned to 64. The lines of u[(16 * block +
// i) * columns + ahead] are asked for in the second-level cache while that goes on.
struct WinogradProduct {
  const float* v = nullptr;
  int64_t v_block = 0;
  const float* u = nullptr;
  int64_t ahead = 0;
  float* m = nullptr;
  int64_t blocks = 0;
};

// pixels[p][j] = bounded((A' m A)[p] + bias[j] + added[p][j]) for j < width, where m[place] = m +
// place * m_place + j.
struct WinogradOutput {
  const float* m = nullptr;
  int64_t m_place = 0;
  float* const* pixels = nullptr;       // of a tile, row by row; nullptr: not wanted
  const float* bias = nullptr;          // nullptr: zeros
  const float* const* added = nullptr;  // nullptr: zeros; of wanted pixels alone
  Bounds bounds;
  int64_t width = 0;  // at most `columns`
};

struct WinogradFunctions {
  int64_t rows, columns;                                            // of a full product
  void (*product[most_winograd_rows + 1])(const WinogradProduct&);  // by its rows, 1 to `rows`
  void (*input2)(const WinogradInput&);
  void (*input4)(const WinogradInput&);
  void (*output2)(const WinogradOutput&);
  void (*output4)(const WinogradOutput&);
};
const WinogradFunctions& winograd_functions(InstructionSet set);

namespace portable {
extern const WinogradFunctions winograd_table;
}
namespace avx2 {
extern const WinogradFunctions winograd_table;
}
namespace avx512 {
extern const WinogradFunctions winograd_table;
}

}  // namespace cermet::cpu
