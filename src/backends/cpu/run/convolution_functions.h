// The innermost part of direct convolutions, one table for each instruction set.
#pragma once

#include <cstdint>

#include "backends/cpu/run/bounds.h"
#include "base/cpu_features.h"

namespace cermet::cpu {

inline constexpr int most_convolution_rows = 14;

// y[r * y_row + j] = bounded(added[r * y_row + j] + bias[j] + sum over tap < taps, k < depth of
//   place(tap, r)[first + k] * w[(tap * depth + k) * columns + j])
// for r < rows, the function's own, and j < width, width at most `columns`. place(tap, r) is
// places[tap] + r * row_step, or where row_step is 0 places[tap * rows + r]. w is padded to
// `columns` and bias has `width` elements; added is y or does not overlap it. The lines of w[(tap *
// depth + k) * columns + ahead] are asked for in the second-level cache while that goes on.
struct ConvolutionTile {
  const float* const* places = nullptr;
  int64_t row_step = 0;
  int64_t taps = 0, depth = 0, first = 0;
  const float* w = nullptr;
  int64_t ahead = 0;
  const float* bias = nullptr;   // nullptr: zeros
  const float* added = nullptr;  // nullptr: zeros
  Bounds bounds;
  float* y = nullptr;
  int64_t y_row = 0, width = 0;
};

struct ConvolutionFunctions {
  int64_t rows, columns;                                            // of a full tile
  void (*tile[most_convolution_rows + 1])(const ConvolutionTile&);  // by its rows, 1 to `rows`
};
const ConvolutionFunctions& convolution_functions(InstructionSet set);

namespace portable {
extern const ConvolutionFunctions convolution_table;
}
namespace avx2 {
extern const ConvolutionFunctions convolution_table;
}
namespace avx512 {
extern const ConvolutionFunctions convolution_table;
}

}  // namespace cermet::cpu
